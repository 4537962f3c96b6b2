import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose';
import {
  AuthModule,
  ConfigError,
  JwksModule,
  KeyRotationService,
  TokensService,
  configureApp,
  type SettingsInput,
} from '../../src/index.js';
import { KEY_ENCRYPTION_KEY, headerOf } from '../support/key-ring.js';
import { PLATFORMS, SIGNING_KEY, hostDatabase, hostTypeOrm, startHost } from './hosts/host.js';

jest.setTimeout(60_000);

const PATH = '/.well-known/jwks.json';

@Module({})
class HostModule {
  static on(
    url: string,
    settings: SettingsInput,
    extra: DynamicModule['imports'] = [],
  ): DynamicModule {
    return {
      module: HostModule,
      imports: [
        TypeOrmModule.forRoot(hostTypeOrm(url)),
        AuthModule.forRoot({ signingKey: SIGNING_KEY, ...settings }),
        ...extra,
      ],
    };
  }
}

describe.each(PLATFORMS)('a host on %s', (platform) => {
  it.each([
    ['as it is', () => undefined],
    ['with configureApp', configureApp],
  ])('rotates keys by itself and shows them, %s', async (_name, configure) => {
    const url = await hostDatabase('keys');
    const module = HostModule.on(url, { keyEncryptionKey: KEY_ENCRYPTION_KEY }, [JwksModule]);
    const { app, client } = await startHost(module, { platform, configure });
    const next = await app.get(KeyRotationService, { strict: false }).generate('ES256');
    const { signing } = await app.get(KeyRotationService, { strict: false }).rotate();
    expect(signing?.kid).toBe(next.kid);

    const answer = await client.get<JSONWebKeySet>(PATH);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch(/^application\/jwk-set\+json/);
    expect(answer.headers.get('cache-control')).toBe('public, max-age=300');
    const tag = answer.headers.get('etag') ?? '';
    const same = await client.get(PATH, { 'if-none-match': tag });
    expect(same).toMatchObject({ status: 304, text: '' });

    const token = app.get(TokensService, { strict: false }).sign({ sub: 'somebody' });
    expect(headerOf(token)).toEqual({ alg: 'ES256', typ: 'JWT', kid: next.kid });
    const verified = await jwtVerify(token, createLocalJWKSet(answer.body));
    expect(verified.payload).toEqual({ sub: 'somebody' });
    await app.close();
  });
});

describe('a host', () => {
  it('leaves the endpoint out by not importing its module', async () => {
    const url = await hostDatabase('keys_without');
    const { app, client } = await startHost(HostModule.on(url, {}));
    expect((await client.get(PATH)).status).toBe(404);
    await app.close();
  });

  it('does not start while its ring cannot be opened, and is told the remedy', async () => {
    const url = await hostDatabase('keys_sealed');
    const settings = { keyEncryptionKey: KEY_ENCRYPTION_KEY };
    const { app } = await startHost(HostModule.on(url, settings));
    await app.get(KeyRotationService, { strict: false }).rotate();
    await app.close();
    const without = startHost(HostModule.on(url, {}));
    await expect(without).rejects.toThrow(ConfigError);
    await expect(without).rejects.toThrow('KEY_ENCRYPTION_KEY must be set');
  });
});
