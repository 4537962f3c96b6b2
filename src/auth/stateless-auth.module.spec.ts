import { generateKeyPairSync, sign } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Test } from '@nestjs/testing';
import { encodePart } from '../../test/support/tokens.js';
import type { SettingsInput } from '../config/settings.js';
import { JwtTokenOnlyAuthentication } from '../authentication/jwt-stateless-authentication.js';
import { StatelessAuthModule } from './stateless-auth.module.js';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const KID = 'the-key-of-the-issuer';

/** An access token as another issuer would write it. */
function tokenOf(header: Record<string, unknown>): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = { token_type: 'access', user_id: '7', jti: 'a', iat: now, exp: now + 60 };
  const input = `${encodePart({ typ: 'JWT', ...header })}.${encodePart(claims)}`;
  const key = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const;
  return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`;
}

describe('StatelessAuthModule', () => {
  let issuer: Server;
  let jwkUrl: string;
  let fetches = 0;

  beforeAll(async () => {
    issuer = createServer((_request, response) => {
      fetches += 1;
      const jwk = { ...publicKey.export({ format: 'jwk' }), kid: KID, alg: 'ES256', use: 'sig' };
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [jwk] }));
    });
    await new Promise<void>((listening) => issuer.listen(0, '127.0.0.1', listening));
    jwkUrl = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/`;
  });
  afterAll(() => new Promise((closed) => issuer.close(closed)));

  const compile = (settings: SettingsInput) =>
    Test.createTestingModule({ imports: [StatelessAuthModule.forRoot(settings)] }).compile();

  it("believes a token of the issuer's, with no database in sight", async () => {
    const module = await compile({ jwkUrl, algorithm: 'ES256' });
    const authorization = `Bearer ${tokenOf({ alg: 'ES256', kid: KID })}`;
    const found = await module
      .get(JwtTokenOnlyAuthentication)
      .authenticate({ headers: { authorization } });
    expect(found).toMatchObject({ user: { id: '7' } });
  });

  it.each([
    ['names no key', { alg: 'ES256' }],
    ['names another algorithm', { alg: 'HS256', kid: KID }],
    ['names no algorithm', { alg: 'none', kid: KID }],
  ])('refuses a token that %s, and fetches nothing because of it', async (_what, header) => {
    const module = await compile({ jwkUrl, algorithm: 'ES256' });
    const before = fetches;
    const authorization = `Bearer ${tokenOf(header)}`;
    const asked = module
      .get(JwtTokenOnlyAuthentication)
      .authenticate({ headers: { authorization } });
    await expect(asked).rejects.toMatchObject({ code: 'token_not_valid' });
    expect(fetches).toBe(before);
  });

  it.each<[string, SettingsInput]>([
    ['no jwkUrl', { algorithm: 'ES256' }],
    ['HS256', { jwkUrl: 'https://login.example/jwks.json' }],
  ])('does not start with %s, and shows what to write', async (has, settings) => {
    await expect(compile(settings)).rejects.toThrow(
      new RegExp(`StatelessAuthModule needs jwkUrl .* has ${has}\\. Example:`),
    );
  });
});
