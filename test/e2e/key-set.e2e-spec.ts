import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { Test } from '@nestjs/testing';
import {
  SignJWT,
  calculateJwkThumbprint,
  createRemoteJWKSet,
  importPKCS8,
  jwtVerify,
  type JWK,
} from 'jose';
import { JwtTokenOnlyAuthentication } from '../../src/authentication/jwt-stateless-authentication.js';
import { StatelessAuthModule } from '../../src/auth/stateless-auth.module.js';
import { query } from '../support/databases.js';
import { KEY_ENCRYPTION_KEY, headerOf, openKeys, type TestKeys } from '../support/key-ring.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { claimsOf } from '../support/tokens.js';
import { within } from '../support/within.js';

jest.setTimeout(60_000);

const PATH = '/.well-known/jwks.json';
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

type JwkSet = { readonly keys: readonly (JWK & { readonly kid: string })[] };

function pemPair(curve: string): { signing: string; verifying: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: curve });
  return {
    signing: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    verifying: publicKey.export({ type: 'spki', format: 'pem' }) as string,
  };
}

describe('the JWK Set', () => {
  const own = pemPair('P-256');
  const previous = pemPair('P-256');
  let server: TestServer;
  let ring: TestKeys;

  const fetchSet = async (): Promise<JwkSet> => (await server.client.get<JwkSet>(PATH)).body;
  const listing = (kids: readonly string[]): Promise<JwkSet> =>
    within(1000, fetchSet, ({ keys }) => kids.every((kid) => keys.some((key) => key.kid === kid)));

  beforeAll(async () => {
    server = await startTestServer({
      env: {
        KEY_ENCRYPTION_KEY,
        SIMPLE_JWT_PROFILE: 'secure',
        SIMPLE_JWT_ALGORITHM: 'ES256',
        SIMPLE_JWT_SIGNING_KEY: own.signing,
        SIMPLE_JWT_PREVIOUS_SIGNING_KEYS: previous.verifying,
      },
    });
    ring = await openKeys(server.database);
    await server.createUser({ username: 'alice', password: 'secret' });
  });

  afterEach(async () => {
    await query(server.database, 'DELETE FROM auth_signing_key');
    await within(1000, fetchSet, ({ keys }) => keys.length === 2);
  });

  afterAll(async () => {
    await ring.close();
    await server.stop();
  });

  it('holds the public part of the configured keys, named by their thumbprints', async () => {
    const { keys } = await fetchSet();
    const pems = keys.map((key) => createPublicKey({ key: { ...key }, format: 'jwk' }));
    expect(pems.map((key) => key.export({ type: 'spki', format: 'pem' }))).toEqual([
      own.verifying,
      previous.verifying,
    ]);
    for (const key of keys) {
      expect(key).toMatchObject({ alg: 'ES256', use: 'sig' });
      expect(key.kid).toBe(await calculateJwkThumbprint(key));
    }
  });

  it('is all that others need, although several of its keys have one algorithm', async () => {
    const { kid } = await ring.keys.generate('ES256');
    const { keys } = await listing([kid]);
    expect(keys.map(({ alg }) => alg)).toEqual(['ES256', 'ES256', 'ES256']);
    const { access } = await server.client.login('alice', 'secret');
    expect(headerOf(access)).toEqual({ alg: 'ES256', typ: 'JWT', kid: keys[1]!.kid });
    const url = new URL(PATH, server.url);
    await expect(jwtVerify(access, createRemoteJWKSet(url))).resolves.toBeDefined();
    const settings = { jwkUrl: url.href, algorithm: 'ES256' };
    const module = await Test.createTestingModule({
      imports: [StatelessAuthModule.forRoot(settings)],
    }).compile();
    const headers = { authorization: `Bearer ${access}` };
    const found = await module.get(JwtTokenOnlyAuthentication).authenticate({ headers });
    expect(found).toMatchObject({ user: { id: expect.any(String) } });
  });

  it('names the keys that verify here as well, whether a token says their names or not', async () => {
    const names = (await fetchSet()).keys.map(({ kid }) => kid);
    const { access } = await server.client.login('alice', 'secret');
    const verify = async (pem: string, header: { kid?: string }): Promise<number> => {
      const token = await new SignJWT(claimsOf(access))
        .setProtectedHeader({ alg: 'ES256', ...header })
        .sign(await importPKCS8(pem, 'ES256'));
      return (await server.client.verify(token)).status;
    };
    await ring.rotate();
    for (const [pem, kid, other] of [
      [own.signing, names[0]!, names[1]!],
      [previous.signing, names[1]!, names[0]!],
    ] as const) {
      expect(await verify(pem, { kid })).toBe(200);
      expect(await verify(pem, {})).toBe(200);
      expect(await verify(pem, { kid: other })).toBe(401);
    }
  });

  it('lists next, signing and retired keys of every kind, and never anything private', async () => {
    const kids: string[] = [];
    for (const algorithm of ['RS256', 'PS512', 'ES384', 'ES512', 'EdDSA'] as const) {
      kids.push((await ring.keys.generate(algorithm)).kid);
    }
    await ring.rotate();
    await ring.rotate();
    const { keys } = await listing(kids);
    expect((await ring.keys.list()).map(({ state }) => state)).toEqual([
      'retired',
      'signing',
      'next',
      'next',
      'next',
    ]);
    expect(keys.slice(0, 5).map(({ kid }) => kid)).toEqual(kids);
    for (const key of keys) {
      expect(PRIVATE.filter((name) => name in key)).toEqual([]);
      expect(key.kid).toBe(await calculateJwkThumbprint(key));
    }
    await ring.keys.retire(kids[1]!, { now: true });
    const left = await within(
      1000,
      fetchSet,
      (set) => !set.keys.some(({ kid }) => kid === kids[1]),
    );
    expect(left.keys.map(({ kid }) => kid)).toEqual(expect.arrayContaining([kids[0], kids[2]]));
    expect(left.keys.map(({ kid }) => kid)).not.toContain(kids[1]);
  });

  it('may be cached, and is sent again only when it has changed', async () => {
    const first = await server.client.get(PATH);
    expect(first.status).toBe(200);
    expect(first.headers.get('content-type')).toBe('application/jwk-set+json');
    expect(first.headers.get('cache-control')).toBe('public, max-age=300');
    const tag = first.headers.get('etag') ?? '';
    for (const known of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
      const same = await server.client.get(PATH, { 'if-none-match': known });
      expect(same).toMatchObject({ status: 304, text: '' });
      expect(same.headers.get('etag')).toBe(tag);
      expect(same.headers.get('cache-control')).toBe('public, max-age=300');
    }
    const { kid } = await ring.keys.generate('ES256');
    await listing([kid]);
    const changed = await server.client.get(PATH, { 'if-none-match': tag });
    expect(changed.status).toBe(200);
    expect(changed.headers.get('etag')).not.toBe(tag);
  });

  it.each([undefined, '*/*', 'application/json', 'application/jwk-set+json'])(
    'is acceptable to who accepts %s',
    async (accept) => {
      const headers = accept === undefined ? undefined : { accept };
      expect((await server.client.get(PATH, headers)).status).toBe(200);
    },
  );

  it('keeps the HTTP rules of the other views', async () => {
    expect((await server.client.get(PATH, { accept: 'text/html' })).status).toBe(406);
    const posted = await server.client.post(PATH, {});
    expect(posted.status).toBe(405);
    expect(posted.headers.get('allow')).toBe('GET, HEAD, OPTIONS');
    expect((await server.client.send('HEAD', PATH)).status).toBe(200);
    const { body } = await server.client.send<object>('OPTIONS', PATH);
    expect(body).toMatchObject({ name: 'JWK Set', renders: ['application/jwk-set+json'] });
    const { body: document } = await server.client.get<{ paths: object }>('/docs/openapi.json');
    expect(document.paths).toHaveProperty([PATH, 'get', 'responses', '304']);
  });
});

describe('in the profile parity', () => {
  it('tokens name no key, as SimpleJWT writes them', async () => {
    const server = await startTestServer({
      env: {
        SIMPLE_JWT_PROFILE: 'parity',
        SIMPLE_JWT_ALGORITHM: 'ES256',
        SIMPLE_JWT_SIGNING_KEY: pemPair('P-256').signing,
      },
    });
    await server.createUser({ username: 'alice', password: 'secret' });
    const { access } = await server.client.login('alice', 'secret');
    expect(headerOf(access)).toEqual({ alg: 'ES256', typ: 'JWT' });
    expect((await server.client.me(access)).status).toBe(200);
    await server.stop();
  });
});

describe('the JWK Set of a server that signs with a secret', () => {
  it('is empty', async () => {
    const server = await startTestServer();
    const answer = await server.client.get(PATH);
    expect(answer).toMatchObject({ status: 200, body: { keys: [] } });
    await server.stop();
  });
});
