import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { Client } from 'pg';
import { createClient } from 'redis';
import { DataSource } from 'typeorm';
import { fromOptions, resolveSettings } from '../../src/config/resolve-settings.js';
import { dataSourceOptions } from '../../src/server/data-source.js';
import type { RateLimitKey } from '../../src/throttling/rate-limit-key.js';
import type { RateLimitStore } from '../../src/throttling/rate-limit-store.js';
import { FallbackStore } from '../../src/throttling/fallback-store.js';
import { PostgresStore } from '../../src/throttling/postgres-store.js';
import { RedisStore } from '../../src/throttling/redis-store.js';
import { query, truncateTables } from '../support/databases.js';
import { FakeClock } from '../support/fake-clock.js';
import { MemoryRateLimitStore } from '../support/memory-rate-limit-store.js';
import { workerDatabase } from '../support/server.js';
import { HAS_REDIS, TestRedis } from '../support/test-redis.js';
import { SIGNING_KEY } from '../support/tokens.js';

/** A store, as two nodes use it. */
interface Store {
  readonly nodes: readonly [RateLimitStore, RateLimitStore];
  /** Moves all counters nearer to their end. */
  readonly pass: (seconds: number) => Promise<void>;
  readonly stop: () => Promise<void>;
}

const nodeOf = ({ nodes: [one, other] }: Store, index: number): RateLimitStore =>
  index % 2 === 0 ? one : other;

const limited = (attempts: number, key = 'account:x', window = 900): RateLimitKey[] => [
  { key, limit: { attempts, window } },
];

async function memoryStore(): Promise<Store> {
  const clock = new FakeClock(0);
  const counters = new MemoryRateLimitStore(clock);
  return {
    nodes: [counters, counters],
    pass: async (seconds) => clock.advance(seconds),
    stop: async () => undefined,
  };
}

async function connect(url: string): Promise<DataSource> {
  return new DataSource(dataSourceOptions(url, 10)).initialize();
}

async function postgresStore(): Promise<Store> {
  const url = await workerDatabase();
  await truncateTables(url);
  const [one, other] = await Promise.all([connect(url), connect(url)]);
  return {
    nodes: [new PostgresStore(one), new PostgresStore(other)],
    pass: async (seconds) => {
      await query(url, 'UPDATE auth_attempt SET ends_at = ends_at - make_interval(secs => $1)', [
        seconds,
      ]);
    },
    stop: async () => {
      await Promise.all([one.destroy(), other.destroy()]);
    },
  };
}

async function redisCounters(redis: TestRedis): Promise<RedisStore> {
  const options = { signingKey: SIGNING_KEY, redisUrl: redis.url };
  const counters = new RedisStore(resolveSettings(fromOptions(options)));
  await counters.onModuleInit();
  return counters;
}

async function redisStore(): Promise<Store> {
  const redis = await TestRedis.start();
  const nodes = [await redisCounters(redis), await redisCounters(redis)] as const;
  const client = await createClient({ url: redis.url }).connect();
  return {
    nodes,
    pass: async (seconds) => {
      for (const key of await client.keys('*')) {
        await client.pExpire(key, (await client.pTTL(key)) - seconds * 1000);
      }
    },
    stop: async () => {
      client.destroy();
      for (const node of nodes) node.onModuleDestroy();
      await redis.stop();
    },
  };
}

const STORES: [name: string, isHere: boolean, start: () => Promise<Store>][] = [
  ['memory', true, memoryStore],
  ['Postgres', true, postgresStore],
  ['Redis', HAS_REDIS, redisStore],
];

if (!HAS_REDIS) console.warn('redis-server is not installed: the tests with Redis are skipped');
Logger.overrideLogger(false);

for (const [name, isHere, start] of STORES) {
  (isHere ? describe : describe.skip)(`counters in ${name}`, () => {
    let store: Store;

    beforeEach(async () => {
      store = await start();
    });
    afterEach(() => store.stop());

    it('let as many attempts pass as the limit says, then tell how long to wait', async () => {
      const [one, other] = store.nodes;
      expect(await one.consume(limited(3))).toBe(0);
      expect(await other.consume(limited(3))).toBe(0);
      expect(await one.get(limited(3))).toBe(0);
      expect(await one.consume(limited(3))).toBe(0);
      for (const wait of [await other.get(limited(3)), await other.consume(limited(3))]) {
        expect(wait).toBeGreaterThan(890);
        expect(wait).toBeLessThanOrEqual(900);
      }
    });

    it('give exactly as many places as there are, to 64 who ask two nodes at once', async () => {
      const waits = await Promise.all(
        Array.from({ length: 64 }, (_, index) => nodeOf(store, index).consume(limited(10))),
      );
      expect(waits.filter((wait) => wait === 0)).toHaveLength(10);
    });

    it('count nothing when they are only looked at', async () => {
      for (let time = 0; time < 5; time += 1) await store.nodes[0].get(limited(1));
      expect(await store.nodes[1].consume(limited(1))).toBe(0);
    });

    it('begin anew when the window has passed, and attempts beyond the limit do not extend it', async () => {
      const [one, other] = store.nodes;
      await one.consume(limited(1));
      await store.pass(600);
      expect(await other.consume(limited(1))).toBeLessThanOrEqual(300);
      await store.pass(300);
      expect(await other.get(limited(1))).toBe(0);
      expect(await other.consume(limited(1))).toBe(0);
      expect(await one.consume(limited(1))).toBeGreaterThan(890);
    });

    it('keep several keys apart, and answer for the one with the longest wait', async () => {
      const both = [...limited(1, 'account:a'), ...limited(2, 'address:b', 3600)];
      await store.nodes[0].consume(both);
      expect(await store.nodes[0].get(limited(1, 'account:a'))).toBeGreaterThan(890);
      expect(await store.nodes[0].get(limited(2, 'address:b', 3600))).toBe(0);
      await store.nodes[0].consume(limited(2, 'address:b', 3600));
      expect(await store.nodes[1].get(both)).toBeGreaterThan(3590);
      expect(await store.nodes[1].get(limited(1, 'account:c'))).toBe(0);
    });

    it('take keys in any order from many at once', async () => {
      const pair = [...limited(1000, 'a'), ...limited(1000, 'b')];
      await Promise.all(
        Array.from({ length: 40 }, (_, index) => {
          const keys = index % 4 < 2 ? pair : pair.toReversed();
          const node = nodeOf(store, index);
          return index % 5 === 0 ? node.get(keys) : node.consume(keys);
        }),
      );
      expect(await store.nodes[0].get(limited(32, 'a'))).toBeGreaterThan(0);
      expect(await store.nodes[0].get(limited(33, 'b'))).toBe(0);
    });

    it('have no opinion about nothing', async () => {
      expect(await store.nodes[0].consume([])).toBe(0);
      expect(await store.nodes[0].get([])).toBe(0);
    });
  });
}

describe('counters in Postgres', () => {
  it('forget what has ended, and nothing else', async () => {
    const store = await postgresStore();
    const [counters] = store.nodes as readonly [PostgresStore, PostgresStore];
    await counters.consume(limited(5, 'account:old'));
    await store.pass(900);
    await counters.consume(limited(1, 'account:new'));
    expect(await counters.flush()).toBe(1);
    expect(await counters.flush()).toBe(0);
    expect(await counters.get(limited(1, 'account:new'))).toBeGreaterThan(0);
    await store.stop();
  });

  it('do not let a look overtake an attempt that is being counted', async () => {
    const store = await postgresStore();
    const database = await workerDatabase();
    const [counters] = store.nodes;
    await counters.consume(limited(2));
    const client = new Client({ connectionString: database });
    await client.connect();
    await client.query('BEGIN');
    await client.query('UPDATE auth_attempt SET attempts = 2');
    const look = counters.get(limited(2));
    const waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    const untilWaiting = async (): Promise<string> => {
      while ((await query(database, waiting)).length === 0) await delay(20);
      return 'waits';
    };
    expect(await Promise.race([look, untilWaiting()])).toBe('waits');
    await client.query('COMMIT');
    expect(await look).toBeGreaterThan(0);
    await client.end();
    await store.stop();
  });
});

(HAS_REDIS ? describe : describe.skip)('counters while Redis fails', () => {
  let redis: TestRedis;
  let nodes: RedisStore;

  beforeEach(async () => {
    redis = await TestRedis.start();
    nodes = await redisCounters(redis);
  });
  afterEach(async () => {
    nodes.onModuleDestroy();
    await redis.stop();
  });

  it.each(['killed', 'frozen'])(
    'go on in the other store while it is %s, and come back',
    async (how) => {
      const clock = new FakeClock(0);
      const memory = new MemoryRateLimitStore(clock);
      const counters = new FallbackStore(nodes, memory, clock);
      expect(await counters.consume(limited(1))).toBe(0);
      expect(memory.uses).toBe(0);
      if (how === 'killed') await redis.kill();
      else redis.freeze();
      const start = performance.now();
      expect(await counters.consume(limited(1))).toBe(0);
      expect(await counters.consume(limited(1))).toBeGreaterThan(0);
      expect(performance.now() - start).toBeLessThan(2000);
      expect(memory.uses).toBe(2);
      await redis.kill();
      await redis.restart();
      await untilAnswers(nodes);
      clock.advance(5);
      expect(await counters.consume(limited(1))).toBe(0);
      expect(memory.uses).toBe(2);
    },
  );

  it('are ready at once where it is away at the start', async () => {
    await redis.kill();
    const late = await redisCounters(redis);
    await expect(late.get(limited(1))).rejects.toThrow();
    await redis.restart();
    await untilAnswers(late);
    late.onModuleDestroy();
  });
});

/** It connects again by itself, and says so to nobody. */
async function untilAnswers(counters: RateLimitStore): Promise<void> {
  const end = performance.now() + 10_000;
  for (;;) {
    try {
      await counters.get(limited(1, 'account:probe'));
      return;
    } catch (error) {
      if (performance.now() > end) throw error;
      await delay(20);
    }
  }
}
