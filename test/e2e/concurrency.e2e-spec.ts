import { TestClient } from '../support/client.js';
import { query, truncateTables } from '../support/databases.js';
import { spawnServer, type SpawnedServer } from '../support/process.js';
import { startTestServer, workerDatabase } from '../support/server.js';
import { SIGNING_KEY, claimsOf } from '../support/tokens.js';

jest.setTimeout(60_000);

const countBy = (statuses: number[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};

describe('two servers on one database', () => {
  let database: string;
  let servers: SpawnedServer[];

  beforeEach(async () => {
    database = await workerDatabase();
    await truncateTables(database);
    servers = await Promise.all(
      [1, 2].map(() =>
        spawnServer({
          DATABASE_URL: database,
          SIMPLE_JWT_PROFILE: 'parity',
          SIMPLE_JWT_SIGNING_KEY: SIGNING_KEY,
          SIMPLE_JWT_ROTATE_REFRESH_TOKENS: 'true',
          SIMPLE_JWT_BLACKLIST_AFTER_ROTATION: 'true',
        }),
      ),
    );
  });

  afterEach(() => Promise.all(servers.map((server) => server.stop())));

  async function login(): Promise<{ refresh: string; clients: TestClient[] }> {
    const output = servers.map((server) => server.output()).join('');
    const [, username = '', password = ''] = /(\S+) \/ (\S+)$/m.exec(output) ?? [];
    const clients = servers.map(({ url }) => new TestClient(url));
    return { refresh: (await clients[0]!.login(username, password)).refresh, clients };
  }

  it('let exactly one of 64 simultaneous refreshes of one token pass', async () => {
    let { refresh, clients } = await login();
    for (let round = 0; round < 3; round += 1) {
      const answers = await Promise.all(
        Array.from({ length: 64 }, (_, index) => clients[index % 2]!.refresh(refresh)),
      );
      expect(countBy(answers.map(({ status }) => status))).toEqual({ 200: 1, 401: 63 });
      for (const { body } of answers.filter(({ status }) => status === 401)) {
        expect(body).toEqual({ detail: 'Token is blacklisted', code: 'token_not_valid' });
      }
      refresh = answers.find(({ status }) => status === 200)!.body.refresh;
      const rows = 'SELECT count(*)::int FROM token_blacklist_outstandingtoken';
      await expect(query(database, rows)).resolves.toEqual([{ count: round + 2 }]);
    }
  });

  it('let exactly one of 32 simultaneous log-outs with one token pass', async () => {
    const { refresh, clients } = await login();
    const answers = await Promise.all(
      Array.from({ length: 32 }, (_, index) => clients[index % 2]!.blacklist(refresh)),
    );
    expect(countBy(answers.map(({ status }) => status))).toEqual({ 200: 1, 401: 31 });
  });

  it('never refresh a token after a log-out that raced it was answered', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { refresh, clients } = await login();
      const [rotated, ended] = await Promise.all([
        clients[round % 2]!.refresh(refresh),
        clients[(round + 1) % 2]!.blacklist(refresh),
      ]);
      expect(countBy([rotated.status, ended.status])).toEqual({ 200: 1, 401: 1 });
      expect((await clients[0]!.refresh(refresh)).status).toBe(401);
    }
  });

  it("take each other's tokens", async () => {
    const { refresh, clients } = await login();
    const { access } = (await clients[1]!.refresh(refresh)).body;
    expect((await clients[0]!.me(access)).status).toBe(200);
  });
});

describe('a flood of log-ins', () => {
  it('is answered 503 with Retry-After beyond the queue, while everything else is served', async () => {
    const server = await startTestServer();
    await server.createUser({ username: 'alice', password: 'secret' });
    const { client } = server;
    const { access } = await client.login('alice', 'secret');
    let done = 0;
    const flood = Array.from({ length: 300 }, () =>
      client.obtain('alice', 'secret').finally(() => {
        done += 1;
      }),
    );
    // Hashes wait now; the guarded route, which needs none, must not wait with them.
    await Promise.race(flood);
    const start = performance.now();
    expect((await client.me(access)).status).toBe(200);
    const took = performance.now() - start;
    expect(done).toBeLessThan(300);
    const answers = await Promise.all(flood);
    const whole = performance.now() - start;
    const counts = countBy(answers.map(({ status }) => status));
    expect(Object.keys(counts)).toEqual(['200', '503']);
    // At least 100 may wait besides those that run.
    expect(counts['200']).toBeGreaterThanOrEqual(100);
    expect(took).toBeLessThan(whole / 2);
    for (const answer of answers.filter(({ status }) => status === 503)) {
      expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    }
    const { access: later } = await client.login('alice', 'secret');
    expect(claimsOf(later)['user_id']).toBe('1');
    await server.stop();
  });
});
