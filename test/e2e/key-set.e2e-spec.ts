import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { calculateJwkThumbprint, createLocalJWKSet, jwtVerify, type JWK } from 'jose';
import { KEY_ENCRYPTION_KEY, openKeys, type TestKeys } from '../support/key-ring.js';
import { startTestServer, type TestServer } from '../support/server.js';
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
        SIMPLE_JWT_ALGORITHM: 'ES256',
        SIMPLE_JWT_SIGNING_KEY: own.signing,
        SIMPLE_JWT_PREVIOUS_SIGNING_KEYS: previous.verifying,
      },
    });
    ring = await openKeys(server.database);
    await server.createUser({ username: 'alice', password: 'secret' });
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
    const { access } = await server.client.login('alice', 'secret');
    const set = createLocalJWKSet({ keys: [{ ...keys[0]! }] });
    await expect(jwtVerify(access, set)).resolves.toBeDefined();
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

describe('the JWK Set of a server that signs with a secret', () => {
  it('is empty', async () => {
    const server = await startTestServer();
    const answer = await server.client.get(PATH);
    expect(answer).toMatchObject({ status: 200, body: { keys: [] } });
    await server.stop();
  });
});
