import { Logger } from '@nestjs/common';
import { TestClient, type Answer, type HeaderValues } from '../support/client.js';
import { query, truncateTables } from '../support/databases.js';
import { spawnServer, type SpawnedServer } from '../support/process.js';
import { startTestServer, workerDatabase, type TestServer } from '../support/server.js';
import { HAS_REDIS, TestRedis } from '../support/test-redis.js';
import { SIGNING_KEY } from '../support/tokens.js';

const PASSWORD = 'a good password';

jest.setTimeout(60_000);
Logger.overrideLogger(false);

const statuses = (answers: readonly Answer[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};

const from = (address: string): HeaderValues => ({ 'x-forwarded-for': address });

const basicHeader = (password: string): HeaderValues => ({
  authorization: `Basic ${Buffer.from(`alice:${password}`).toString('base64')}`,
});

/** What a caller can see of an answer, but for the date and the passing of seconds. */
const shape = ({ status, headers, text }: Answer): unknown => ({
  status,
  text: text.replace(/\d+ seconds/, 'N seconds'),
  headers: [...headers].filter(([name]) => !['date', 'retry-after'].includes(name)),
});

function expectThrottled(answer: Answer): void {
  expect(answer.status).toBe(429);
  const wait = answer.headers.get('retry-after');
  expect(answer.body).toEqual({
    detail: `Request was throttled. Expected available in ${wait} seconds.`,
  });
  expect(Number(wait)).toBeGreaterThan(0);
  expect(Number(wait)).toBeLessThanOrEqual(900);
  expect(answer.headers.get('content-type')).toBe('application/json');
}

describe('log-in limits', () => {
  let server: TestServer;

  const start = async (env: Record<string, string>): Promise<void> => {
    server = await startTestServer({ env });
    await server.createUser({ username: 'alice', password: PASSWORD });
    await server.createUser({ username: 'bob', password: PASSWORD });
  };
  const tryLogin = (username: string, password: string, headers?: HeaderValues) =>
    server.client.post('/login/simpleJWT', { username, password }, headers);
  const fail = async (times: number, username: string, headers?: HeaderValues): Promise<void> => {
    for (let time = 0; time < times; time += 1) {
      expect((await tryLogin(username, 'wrong', headers)).status).toBe(401);
    }
  };

  afterEach(() => server.stop());

  describe('of an account', () => {
    beforeEach(() => start({ SIMPLE_JWT_LOGIN_LIMIT: '3/15m' }));

    it('answer 429 to the right password as to a wrong one, and alike for unknown names', async () => {
      await fail(3, 'alice');
      await fail(3, 'nobody');
      const right = await tryLogin('alice', PASSWORD);
      expectThrottled(right);
      expect(shape(await tryLogin('alice', 'wrong'))).toEqual(shape(right));
      expect(shape(await tryLogin('nobody', PASSWORD))).toEqual(shape(right));
    });

    it('hold on the sliding view as well', async () => {
      await fail(3, 'alice');
      const credentials = { username: 'alice', password: PASSWORD };
      expectThrottled(await server.client.post('/login/simpleJWT/sliding', credentials));
    });

    it('are about one account: others log in, and a live session goes on', async () => {
      const { client } = server;
      const { access, refresh } = await client.login('alice', PASSWORD);
      await fail(3, 'alice');
      expectThrottled(await tryLogin('alice', PASSWORD));
      await client.login('bob', PASSWORD);
      expect((await client.me(access)).status).toBe(200);
      expect((await client.refresh(refresh)).status).toBe(200);
      expect((await client.verify(refresh)).status).toBe(200);
    });

    it('end with the window', async () => {
      await fail(3, 'alice');
      await query(server.database, "UPDATE auth_attempt SET ends_at = now() - interval '1 ms'");
      await fail(2, 'alice');
      await server.client.login('alice', PASSWORD);
      await fail(1, 'alice');
      expectThrottled(await tryLogin('alice', PASSWORD));
    });

    it('do not stand in the way of right passwords, however many come at once', async () => {
      await fail(2, 'alice');
      const answers = await Promise.all(
        Array.from({ length: 12 }, () => tryLogin('alice', PASSWORD)),
      );
      expect(statuses(answers)).toEqual({ 200: 12 });
    });

    it('cannot be walked around with white space or made-up addresses', async () => {
      await fail(1, ' alice');
      await fail(1, 'alice', { 'x-forwarded-for': '198.51.100.1' });
      await fail(1, 'alice', { forwarded: 'for=198.51.100.2' });
      expectThrottled(await tryLogin('alice', PASSWORD, { 'x-forwarded-for': '198.51.100.3' }));
    });

    it('leave no name in the database', async () => {
      await fail(1, 'alice');
      const rows = await query<{ key: string }>(server.database, 'SELECT key FROM auth_attempt');
      expect(rows).toHaveLength(2);
      for (const { key } of rows) expect(key).toMatch(/^(account|client):[\w-]{32}$/);
    });
  });

  it('count Basic credentials of a guarded route with those of log-in', async () => {
    await start({
      SIMPLE_JWT_LOGIN_LIMIT: '2/15m',
      AUTHENTICATION_CLASSES: 'JWTAuthentication,BasicAuthentication',
    });
    const { client } = server;
    const basic = (password: string) => client.get('/users/me', basicHeader(password));
    expect((await basic(PASSWORD)).status).toBe(200);
    expect((await basic('wrong')).status).toBe(401);
    await fail(1, 'alice');
    expectThrottled(await basic(PASSWORD));
    expectThrottled(await tryLogin('alice', PASSWORD));
  });

  it('execute nothing where there are none', async () => {
    await start({});
    await query(server.database, 'ALTER TABLE auth_attempt RENAME TO auth_attempt_away');
    try {
      await fail(1, 'alice');
      await server.client.login('alice', PASSWORD);
    } finally {
      await query(server.database, 'ALTER TABLE auth_attempt_away RENAME TO auth_attempt');
    }
  });

  describe('of an address', () => {
    it('count what a trusted proxy says, whatever the client put before it', async () => {
      await start({ SIMPLE_JWT_LOGIN_LIMIT_ADDRESS: '3/15m', TRUSTED_PROXIES: '127.0.0.0/8' });
      await fail(1, 'alice', from('198.51.100.7'));
      await fail(1, 'bob', from('1.1.1.1, 198.51.100.7'));
      await fail(1, 'nobody', { forwarded: 'for=2.2.2.2, for="198.51.100.7:4711"' });
      expectThrottled(await tryLogin('alice', PASSWORD, from('3.3.3.3, ::ffff:198.51.100.7')));
      const contradictory = { ...from('4.4.4.4, 198.51.100.7'), forwarded: 'for=5.5.5.5' };
      expect((await tryLogin('alice', 'wrong', contradictory)).status).toBe(401);
      expect((await tryLogin('alice', PASSWORD, from('198.51.100.8'))).status).toBe(200);
    });

    it('count IPv6 by its /64', async () => {
      await start({ SIMPLE_JWT_LOGIN_LIMIT_ADDRESS: '2/15m', TRUSTED_PROXIES: '127.0.0.1' });
      await fail(1, 'alice', from('2001:db8::1'));
      await fail(1, 'alice', from('2001:db8::2:3:4:5'));
      expectThrottled(await tryLogin('alice', PASSWORD, from('[2001:db8::9]:80')));
      expect((await tryLogin('alice', PASSWORD, from('2001:db8:0:1::1'))).status).toBe(200);
    });

    it('believe no header where no proxy is trusted', async () => {
      await start({ SIMPLE_JWT_LOGIN_LIMIT_ADDRESS: '2/15m' });
      await fail(1, 'alice', from('198.51.100.1'));
      await fail(1, 'bob', from('198.51.100.2'));
      expectThrottled(await tryLogin('alice', PASSWORD, from('198.51.100.3')));
    });
  });
});

describe('log-in limits on two servers', () => {
  const SERVERS: [store: string, isHere: boolean][] = [
    ['Postgres', true],
    ['Redis', HAS_REDIS],
  ];
  let servers: SpawnedServer[] = [];
  let redis: TestRedis | null = null;

  afterEach(async () => {
    await Promise.all(servers.map((server) => server.stop()));
    await redis?.stop();
    redis = null;
  });

  for (const [store, isHere] of SERVERS) {
    const title = `tell only as many of 64 guesses that they are wrong as the limit says (${store})`;
    (isHere ? it : it.skip)(title, async () => {
      const database = await workerDatabase();
      await truncateTables(database);
      redis = store === 'Redis' ? await TestRedis.start() : null;
      const env = {
        DATABASE_URL: database,
        SIMPLE_JWT_PROFILE: 'parity',
        SIMPLE_JWT_SIGNING_KEY: SIGNING_KEY,
        SIMPLE_JWT_LOGIN_LIMIT: '10/15m',
        REDIS_URL: redis?.url,
      };
      // The first one makes the demo user and prints its password.
      const first = await spawnServer(env);
      servers = [first];
      const second = await spawnServer(env);
      servers.push(second);
      const one = new TestClient(first.url);
      const other = new TestClient(second.url);
      const [, name = '', password = ''] = /(\S+) \/ (\S+)$/m.exec(first.output()) ?? [];
      for (const username of [name, 'nobody']) {
        const answers = await Promise.all(
          Array.from({ length: 64 }, (_, guess) =>
            (guess % 2 === 0 ? one : other).obtain(username, `${guess}`),
          ),
        );
        expect(statuses(answers)).toEqual({ 401: 10, 429: 54 });
      }
      for (const client of [one, other]) expectThrottled(await client.obtain(name, password));
      const accounts = `SELECT FROM auth_attempt WHERE key LIKE 'account:%'`;
      const counted = await query(database, accounts);
      expect(counted).toHaveLength(store === 'Redis' ? 0 : 2);
    });
  }
});
