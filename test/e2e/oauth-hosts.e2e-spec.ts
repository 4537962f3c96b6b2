import { Injectable, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import {
  AuthModule,
  OAuthModule,
  PasswordHasher,
  UserAuthenticationRule,
  UsersService,
  configureApp,
} from '../../src/index.js';
import { OAUTH_CLIENTS, OAuthService } from '../support/oauth-service.js';
import {
  PLATFORMS,
  SIGNING_KEY,
  hostDatabase,
  hostTypeOrm,
  startHost,
  stopHosts,
  type Host,
} from './hosts/host.js';

jest.setTimeout(30_000);

const CASES = PLATFORMS.flatMap((platform) => [
  { platform, isConfigured: true },
  { platform, isConfigured: false },
]);

describe.each(CASES)('the OAuth endpoints in a host: %j', ({ platform, isConfigured }) => {
  let host: Host;
  let service: OAuthService;

  beforeAll(async () => {
    const url = await hostDatabase('oauth');
    @Module({
      imports: [
        TypeOrmModule.forRoot(hostTypeOrm(url)),
        AuthModule.forRootAsync({
          useFactory: () => ({ signingKey: SIGNING_KEY, oauthClients: [OAUTH_CLIENTS] }),
        }),
        OAuthModule,
      ],
    })
    class AppModule {}

    host = await startHost(AppModule, {
      platform,
      configure: (app) => {
        if (isConfigured) configureApp(app as never);
      },
    });
    service = new OAuthService(host.url);
    const password = await host.app.get(PasswordHasher).hash('secret');
    const users = host.app.get(UsersService, { strict: false });
    await users.createMissing({ username: 'alice', password });
  });
  afterAll(stopHosts);

  it('know a token, end it, and know it no more', async () => {
    const { access, refresh } = await host.client.login('alice', 'secret');
    expect(await service.introspect(access)).toMatchObject({
      status: 200,
      body: { active: true, username: 'alice' },
    });
    expect(await service.revoke(refresh)).toMatchObject({ status: 200, body: {} });
    expect(await service.introspect(refresh)).toMatchObject({
      status: 200,
      body: { active: false },
    });
    expect((await host.client.refresh(refresh)).status).toBe(401);
  });

  it('refuse strangers, and repeated parameters, with bodies of OAuth', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    expect(await host.client.post('/oauth/introspect', 'token=x', headers)).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    });
    expect(await host.client.post('/oauth/introspect', 'token=x&token=y', headers)).toMatchObject({
      status: 400,
      body: { error: 'invalid_request' },
    });
  });
});

/** Gives tokens to nobody any more, once it is told so. */
@Injectable()
class ClosingRule extends UserAuthenticationRule {
  isClosed = false;

  override allows(): boolean {
    return !this.isClosed;
  }
}

describe('introspection under a rule of the host', () => {
  let host: Host;
  let service: OAuthService;

  beforeAll(async () => {
    const url = await hostDatabase('oauth_rule');
    @Module({
      imports: [
        TypeOrmModule.forRoot(hostTypeOrm(url)),
        AuthModule.forRoot({
          signingKey: SIGNING_KEY,
          oauthClients: [OAUTH_CLIENTS],
          overrides: { authenticationRule: ClosingRule },
        }),
        OAuthModule,
      ],
    })
    class AppModule {}

    host = await startHost(AppModule, { configure: (app) => configureApp(app as never) });
    service = new OAuthService(host.url);
    const password = await host.app.get(PasswordHasher).hash('secret');
    const users = host.app.get(UsersService, { strict: false });
    await users.createMissing({ username: 'alice', password });
  });
  afterAll(stopHosts);

  it('says of each token what the view would that takes it: refresh asks the rule, the guard does not', async () => {
    const { access, refresh } = await host.client.login('alice', 'secret');
    expect((await service.introspect(refresh)).body.active).toBe(true);
    host.app.get<ClosingRule>(UserAuthenticationRule).isClosed = true;
    expect((await host.client.refresh(refresh)).status).toBe(401);
    expect((await service.introspect(refresh)).body).toEqual({ active: false });
    expect((await service.introspect(access)).body.active).toBe(true);
  });
});
