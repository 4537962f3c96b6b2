import { DataSource } from 'typeorm';
import type { RequestContext } from '../../src/common/request-context.js';
import { fromOptions, resolveSettings } from '../../src/config/resolve-settings.js';
import { dataSourceOptions } from '../../src/server/data-source.js';
import { poolOf } from '../../src/database/prepared.js';
import { FlushExpiredAttemptsTask } from '../../src/throttling/flush-expired-attempts.task.js';
import { KnownClients } from '../../src/throttling/known-clients.js';
import { PostgresStore } from '../../src/throttling/postgres-store.js';
import { truncateTables } from '../support/databases.js';
import { workerDatabase } from '../support/server.js';
import { SIGNING_KEY } from '../support/tokens.js';

jest.setTimeout(30_000);

const HOME: RequestContext = { ip: '203.0.113.7', userAgent: 'Browser/1.0' };
const inNetwork = (number: number): RequestContext => ({ ...HOME, ip: `10.0.${number}.1` });
const NEXT_KEY = 'the-next-signing-key-0123456789abcdef-0123456789';

describe('KnownClients', () => {
  let database: DataSource;
  let clients: KnownClients;
  let statements = 0;

  const node = (options: { signingKey?: string; previousSigningKeys?: string[] } = {}) =>
    new KnownClients(
      resolveSettings(fromOptions({ signingKey: SIGNING_KEY, ...options })),
      database,
    );
  const count = async (): Promise<number> =>
    (await database.query<unknown[]>('SELECT FROM auth_known_client')).length;
  const age = (interval: string) =>
    database.query('UPDATE auth_known_client SET seen_at = seen_at - $1::interval', [interval]);

  beforeAll(async () => {
    const url = await workerDatabase();
    database = await new DataSource(dataSourceOptions(url, 5)).initialize();
    poolOf(database).on('acquire', () => {
      statements += 1;
    });
  });
  beforeEach(async () => {
    await truncateTables(await workerDatabase());
    clients = node();
    statements = 0;
  });
  afterAll(() => database.destroy());

  it('knows a client by its network and program, and the user by the key', async () => {
    await clients.note('7', HOME);
    expect(await clients.isKnown('7', { ip: '203.0.113.99', userAgent: 'Browser/2.0.1' })).toBe(
      true,
    );
    expect(await clients.isKnown('7', { ...HOME, userAgent: 'Other/1.0' })).toBe(false);
    expect(await clients.isKnown('7', { ...HOME, userAgent: null })).toBe(false);
    expect(await clients.isKnown('7', { ...HOME, ip: '203.0.114.7' })).toBe(false);
    expect(await clients.isKnown('8', HOME)).toBe(false);
    expect(await clients.isKnown(null, HOME)).toBe(false);
    await clients.note('7', { ip: '2001:db8::1', userAgent: null });
    expect(await clients.isKnown('7', { ip: '2001:db8::2:3:4:5', userAgent: null })).toBe(true);
    expect(await clients.isKnown('7', { ip: '2001:db8:0:1::1', userAgent: null })).toBe(false);
  });

  it('knows nobody whose network is unknown, and asks the database nothing', async () => {
    const nowhere = { ...HOME, ip: null };
    await clients.note('7', nowhere);
    expect(await clients.isKnown('7', nowhere)).toBe(false);
    expect(statements).toBe(0);
  });

  it('costs a log-in one statement, and none where the node has noted the client within an hour', async () => {
    await clients.note('7', HOME);
    await clients.note('7', HOME);
    expect(statements).toBe(1);
    expect(await clients.isKnown('7', HOME)).toBe(true);
    expect(await clients.isKnown(null, HOME)).toBe(false);
    // Whether or not there is such a user.
    expect(statements).toBe(3);
  });

  it('goes on knowing clients where a new signing key names the former one', async () => {
    await clients.note('7', HOME);
    const rotated = node({ signingKey: NEXT_KEY, previousSigningKeys: [SIGNING_KEY] });
    expect(await rotated.isKnown('7', HOME)).toBe(true);
    await rotated.note('7', HOME);
    expect(await node({ signingKey: NEXT_KEY }).isKnown('7', HOME)).toBe(true);
    expect(await node({ signingKey: `another ${NEXT_KEY}` }).isKnown('7', HOME)).toBe(false);
  });

  it('keeps the twenty clients of a user that were seen last', async () => {
    for (let network = 0; network < 25; network += 1) {
      await clients.note('7', inNetwork(network));
      if (network === 0) await clients.note('8', HOME);
      await age('1 minute');
    }
    expect(await count()).toBe(21);
    expect(await clients.isKnown('7', inNetwork(4))).toBe(false);
    expect(await clients.isKnown('7', inNetwork(5))).toBe(true);
    expect(await clients.isKnown('7', inNetwork(24))).toBe(true);
    expect(await clients.isKnown('8', HOME)).toBe(true);
  });

  it('takes many log-ins of one user at once', async () => {
    for (let network = 0; network < 20; network += 1) await clients.note('7', inNetwork(network));
    await age('2 days');
    await Promise.all(
      Array.from({ length: 200 }, (_, index) => node().note('7', inNetwork((index * 7) % 40))),
    );
    expect(await count()).toBeGreaterThanOrEqual(20);
    await clients.note('7', inNetwork(99));
    expect(await count()).toBe(20);
  });

  it('notes again once a day that a client is still there, and forgets it after 30 days', async () => {
    await clients.note('7', HOME);
    await age('29 days 23 hours');
    expect(await clients.isKnown('7', HOME)).toBe(true);
    await node().note('7', HOME);
    await age('29 days 23 hours');
    expect(await clients.isKnown('7', HOME)).toBe(true);
    await age('1 hour');
    expect(await clients.isKnown('7', HOME)).toBe(false);
  });

  it('is flushed with the attempts, whatever limits are set', async () => {
    await clients.note('7', HOME);
    await age('31 days');
    await clients.note('8', HOME);
    await database.query(`
      INSERT INTO auth_attempt VALUES ('of-a-limit-to-come:x', 1, now() - interval '1 second'),
        ('of-a-limit-to-come:y', 1, now() + interval '1 minute')`);
    await new FlushExpiredAttemptsTask(new PostgresStore(database), clients).run();
    expect(await count()).toBe(1);
    expect(await database.query('SELECT key FROM auth_attempt')).toEqual([
      { key: 'of-a-limit-to-come:y' },
    ]);
  });
});
