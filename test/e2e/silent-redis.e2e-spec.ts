import { TestClient } from '../support/client.js';
import { query, truncateTables } from '../support/databases.js';
import { spawnServer } from '../support/process.js';
import { workerDatabase } from '../support/server.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { HAS_REDIS, TestRedis } from '../support/test-redis.js';
import { SIGNING_KEY } from '../support/tokens.js';
import { within } from '../support/within.js';

jest.setTimeout(60_000);

(HAS_REDIS ? describe : describe.skip)('a Redis that accepts connections and never answers', () => {
  let redis: TestRedis;
  let network: TcpProxy;

  beforeEach(async () => {
    redis = await TestRedis.start();
    network = await startTcpProxy(redis.url);
    network.let('nothing');
  });

  afterEach(async () => {
    await network.stop();
    await redis.stop();
  });

  it('keeps no server from starting, which counts in Postgres, says so, and comes back when Redis does', async () => {
    const database = await workerDatabase();
    await truncateTables(database);
    const env = { DATABASE_URL: database, SIMPLE_JWT_SIGNING_KEY: SIGNING_KEY };
    const server = await spawnServer({ ...env, REDIS_URL: network.through(redis.url) });
    try {
      expect(server.output()).toContain('Redis is away: it does not answer');
      const client = new TestClient(server.url);
      const counted = (): Promise<unknown[]> => query(database, 'SELECT FROM auth_attempt');
      expect((await client.obtain('nobody', 'a guess')).status).toBe(401);
      const whileAway = await counted();
      expect(whileAway.length).toBeGreaterThan(0);
      expect(server.output()).toContain('attempts are counted in Postgres for now');

      network.let('both');
      const output = await within(
        20_000,
        () => Promise.resolve(server.output()),
        (text) => text.includes('Redis is back'),
      );
      expect(output).toContain('Redis is back');
      // Once the pause after the last failure is over, Postgres counts no more.
      let name = 0;
      const isCountedElsewhere = async (): Promise<boolean> => {
        const before = (await counted()).length;
        await client.obtain(`nobody-${++name}`, 'a guess');
        return (await counted()).length === before;
      };
      await expect(within(20_000, isCountedElsewhere, Boolean)).resolves.toBe(true);
    } finally {
      await expect(server.stop()).resolves.toEqual({ code: 0, signal: null });
    }
  });

  it('keeps no server from stopping', async () => {
    const server = await spawnServer({
      DATABASE_URL: await workerDatabase(),
      SIMPLE_JWT_SIGNING_KEY: SIGNING_KEY,
      REDIS_URL: network.through(redis.url),
    });
    await expect(server.stop()).resolves.toEqual({ code: 0, signal: null });
  });
});
