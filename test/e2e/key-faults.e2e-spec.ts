import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { TestClient } from '../support/client.js';
import { query, truncateTables } from '../support/databases.js';
import { KEY_ENCRYPTION_KEY, headerOf, openKeys, type TestKeys } from '../support/key-ring.js';
import { spawnServer, type SpawnedServer } from '../support/process.js';
import { workerDatabase } from '../support/server.js';
import { PROMISED, soon } from '../support/soon.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { SIGNING_KEY, accessClaims, encodePart, forge, HEADER } from '../support/tokens.js';
import { within } from '../support/within.js';

jest.setTimeout(60_000);

const USERS = `${import.meta.dirname}/users-fixture.json`;
const ENV = {
  KEY_ENCRYPTION_KEY,
  SIMPLE_JWT_SIGNING_KEY: SIGNING_KEY,
  SIMPLE_JWT_PROFILE: 'parity',
  USERS_FIXTURE: USERS,
};
/** Nobody answers there. */
const NOWHERE = 'postgres://user@127.0.0.1:1/name';

/** A token that names a key which no ring has. */
function invented(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const header = { alg: 'ES256', kid: randomBytes(32).toString('base64url') };
  const input = `${encodePart(header)}.${encodePart(accessClaims('1'))}`;
  const signature = sign('sha256', Buffer.from(input), {
    key: privateKey,
    dsaEncoding: 'ieee-p1363',
  });
  return `${input}.${signature.toString('base64url')}`;
}

describe('the key ring', () => {
  let database: string;
  let ring: TestKeys;
  let server: SpawnedServer;

  const login = async (client: TestClient): Promise<string> =>
    (await client.login('fay', 'fays password')).access;

  beforeEach(async () => {
    database = await workerDatabase();
    await truncateTables(database);
    ring = await openKeys(database);
  });

  afterEach(async () => {
    await ring.close();
    await server.stop();
  });

  it('is followed by a server whose change feed is away', async () => {
    server = await spawnServer({ ...ENV, DATABASE_URL: database, DATABASE_FEED_URL: NOWHERE });
    const client = new TestClient(server.url);
    const { refresh } = await client.login('fay', 'fays password');
    // A refresh asks for a signature as a log-in does, and takes no time for a password.
    const renewed = async (): Promise<string> => (await client.refresh(refresh)).body.access;
    const signsWith = (kid: string): Promise<string> =>
      within(PROMISED, renewed, (access) => headerOf(access).kid === kid);
    const first = await ring.rotate();
    const access = await signsWith(first);
    expect(headerOf(access).kid).toBe(first);
    const second = await ring.rotate();
    expect(headerOf(await signsWith(second)).kid).toBe(second);
    expect((await client.me(access)).status).toBe(200);
    await ring.keys.retire(first, { now: true });
    expect((await soon(401, () => client.me(access))).status).toBe(401);
  });

  it('that cannot be read is never a reason for 401, nor for a stale yes', async () => {
    const proxy = await startTcpProxy(database);
    await ring.rotate();
    server = await spawnServer({
      ...ENV,
      DATABASE_URL: proxy.through(database),
      // Asks the database for nothing but the keys.
      AUTHENTICATION_CLASSES: 'JWTStatelessUserAuthentication',
    });
    const client = new TestClient(server.url);
    const access = await login(client);
    expect((await client.me(access)).status).toBe(200);
    proxy.let('nothing');
    // Until the feed is given up the key is vouched for; then nobody can say whether it has been retired.
    const refused = await within(
      PROMISED * 5,
      () => client.me(access),
      ({ status }) => status !== 200,
    );
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect((await client.me(invented())).status).toBe(503);
    expect((await client.get('/.well-known/jwks.json')).status).toBe(503);
    // The configured key is in no database.
    expect((await client.me(forge(HEADER, accessClaims('8')))).status).toBe(200);
    proxy.let('both');
    const back = await within(
      10_000,
      () => client.me(access),
      ({ status }) => status === 200,
    );
    expect(back.status).toBe(200);
    expect((await client.me(invented())).status).toBe(401);
    await proxy.stop();
  });

  it('serves while the lifetime of its tokens cannot be noted, which is done as soon as it can', async () => {
    const kid = await ring.rotate();
    await query(
      database,
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not now'; END $$;
       CREATE TRIGGER refuse BEFORE UPDATE ON auth_signing_key EXECUTE FUNCTION refuse()`,
    );
    const lifetime = { SIMPLE_JWT_REFRESH_TOKEN_LIFETIME: '36500d' };
    server = await spawnServer({ ...ENV, ...lifetime, DATABASE_URL: database });
    const client = new TestClient(server.url);
    const access = await login(client);
    expect(headerOf(access).kid).toBe(kid);
    expect((await client.me(access)).status).toBe(200);
    expect(server.output()).toContain(`cannot be noted of the key ${kid}`);
    await query(database, 'DROP FUNCTION refuse CASCADE');
    const noted = (): Promise<{ years: number }[]> =>
      query(database, 'SELECT longest_lifetime / 31557600 AS years FROM auth_signing_key');
    const rows = await within(PROMISED * 2, noted, ([row]) => row?.years === 68);
    expect(rows).toEqual([{ years: 68 }]);
  });

  it('with a damaged key serves all others, and says so in the log', async () => {
    const good = await ring.rotate();
    const next = await ring.keys.generate('ES256');
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const other = { ...pair.publicKey.export({ format: 'jwk' }), kid: next.kid };
    server = await spawnServer({ ...ENV, DATABASE_URL: database });
    const client = new TestClient(server.url);
    await query(database, 'UPDATE auth_signing_key SET public_jwk = $2 WHERE kid = $1', [
      next.kid,
      other,
    ]);
    expect(headerOf(await login(client)).kid).toBe(good);
    await server.stop();
    server = await spawnServer({ ...ENV, DATABASE_URL: database });
    const { body } = await new TestClient(server.url).get<{ keys: { kid: string }[] }>(
      '/.well-known/jwks.json',
    );
    expect(body.keys.map(({ kid }) => kid)).toEqual([good]);
    expect(server.output()).toContain(`the key ${next.kid} is damaged`);
  });
});
