import { once } from 'node:events';
import {
  createConnection,
  createServer,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net';
import { Logger } from '@nestjs/common';
import { Client } from 'pg';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { SystemClock, type Clock } from '../../src/common/clock.js';
import { fromOptions, resolveSettings } from '../../src/config/resolve-settings.js';
import { dataSourceOptions } from '../../src/server/data-source.js';
import { migrate } from '../../src/database/migrate.js';
import { AUTH_MIGRATIONS } from '../../src/database/migrations.js';
import { ChangeFeed1700000000002 } from '../../src/database/migrations/1700000000002-change-feed.js';
import { ChangeFeed, type FeedListener } from '../../src/feed/change-feed.js';
import { VouchedCache } from '../../src/feed/vouched-cache.js';
import { TRIM, TRIM_SIZE } from '../../src/feed/feed-sql.js';
import { FakeClock } from '../support/fake-clock.js';
import { startTestPostgres, type TestPostgres } from '../support/test-postgres.js';

jest.setTimeout(60_000);

const ALICE = 7;
const BOB = 8;
const sid = (number: number): string => number.toString(16).padStart(32, '0');
const ALL = 'everything';

/** Listens to a feed and lets a test wait for what it hears. */
class Ear implements FeedListener {
  readonly heard: string[] = [];
  private readonly waiting = new Set<() => void>();

  constructor(feed: ChangeFeed) {
    feed.subscribe(this);
  }

  changed(key: string): void {
    this.hear(key);
  }

  everythingChanged(): void {
    this.hear(ALL);
  }

  /** Resolves when this was heard since the last `forget`. */
  async hears(key: string): Promise<void> {
    while (!this.heard.includes(key)) {
      await new Promise<void>((resolve) => {
        this.waiting.add(resolve);
      });
    }
  }

  forget(): void {
    this.heard.length = 0;
  }

  private hear(key: string): void {
    this.heard.push(key);
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }
}

/** A way to the database that a test can cut or freeze. */
class Wire {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private isCut = false;
  private isFrozen = false;

  private constructor(private readonly target: URL) {
    this.server = createServer((near) => {
      if (this.isCut) {
        near.destroy();
        return;
      }
      const far = createConnection(Number(target.port), target.hostname);
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.sockets.add(from);
        from.on('error', () => to.destroy());
        from.on('close', () => {
          this.sockets.delete(from);
          to.destroy();
        });
        from.pipe(to);
        if (this.isFrozen) from.pause();
      }
    });
  }

  static async to(url: string): Promise<Wire> {
    const wire = new Wire(new URL(url));
    wire.server.listen(0, '127.0.0.1');
    await once(wire.server, 'listening');
    return wire;
  }

  get url(): string {
    const url = new URL(this.target);
    url.port = String((this.server.address() as AddressInfo).port);
    return url.href;
  }

  cut(): void {
    this.isCut = true;
    for (const socket of this.sockets) socket.destroy();
  }

  mend(): void {
    this.isCut = false;
    this.isFrozen = false;
    for (const socket of this.sockets) socket.resume();
  }

  /** Connections stay open and nothing comes through. */
  freeze(): void {
    this.isFrozen = true;
    for (const socket of this.sockets) socket.pause();
  }

  async close(): Promise<void> {
    this.cut();
    this.server.close();
    await once(this.server, 'close');
  }
}

/** For states that nobody announces. Gives up after 10 s: what asks for longer would keep the whole run alive. */
async function until(isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`waited in vain until ${String(isSo)}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

describe('the change feed', () => {
  let postgres: TestPostgres;
  let options: DataSourceOptions;
  let sql: Client;
  const feeds: ChangeFeed[] = [];
  const pools: DataSource[] = [];
  const wires: Wire[] = [];
  const clients: Client[] = [];

  beforeAll(async () => {
    Logger.overrideLogger(false);
    postgres = await startTestPostgres();
    options = dataSourceOptions(postgres.url, 2);
    await migrate(options);
  });

  afterAll(async () => {
    await postgres.stop();
  });

  beforeEach(async () => {
    sql = await connect();
    // One test crashes the server, which must not lose what was set up.
    await sql.query('SET synchronous_commit = on');
    await sql.query('TRUNCATE auth_user, auth_session, auth_change CASCADE');
    for (const [id, name] of [
      [ALICE, 'alice'],
      [BOB, 'bob'],
    ]) {
      await sql.query(
        `INSERT INTO auth_user (id, username, password, email, first_name, last_name, is_active,
           is_staff, is_superuser, date_joined)
         VALUES ($1, $2, 'old', '', '', '', true, false, false, now())`,
        [id, name],
      );
    }
  });

  afterEach(async () => {
    for (const feed of feeds.splice(0)) await feed.onApplicationShutdown();
    for (const pool of pools.splice(0)) await pool.destroy();
    for (const way of wires.splice(0)) await way.close();
    for (const client of clients.splice(0)) await client.end();
  });

  async function connect(url = postgres.url): Promise<Client> {
    const client = new Client({ connectionString: url, application_name: 'test' });
    client.on('error', () => undefined);
    await client.connect();
    clients.push(client);
    return client;
  }

  async function node(
    url: string | null = null,
    { clock = new SystemClock(), pool = postgres.url }: { clock?: Clock; pool?: string } = {},
  ) {
    const settings = resolveSettings(fromOptions({ databaseFeedUrl: url }));
    const database = await new DataSource(dataSourceOptions(pool, 2)).initialize();
    pools.push(database);
    const feed = new ChangeFeed(database, settings, clock);
    feeds.push(feed);
    const ear = new Ear(feed);
    await feed.onModuleInit();
    if (feed.isFresh()) ear.forget();
    return { feed, ear, database };
  }

  async function wire(): Promise<Wire> {
    const made = await Wire.to(postgres.url);
    wires.push(made);
    return made;
  }

  async function logIn(user: number, count: number, first = 0): Promise<void> {
    await sql.query(
      `INSERT INTO auth_session (id, user_id, generation, is_sliding, created_at, last_used_at, rotated_at,
         expires_at, superseded_at)
       SELECT lpad(to_hex(n), 32, '0')::uuid, $1, 0, false, now(), now(), now(), now() + interval '1 day', '{}'
       FROM generate_series($2::int, $2::int + $3::int - 1) n`,
      [String(user), first, count],
    );
  }

  async function live(): Promise<string[]> {
    const { rows } = await sql.query<{ id: string }>(
      `SELECT replace(id::text, '-', '') AS id FROM auth_session WHERE revoked_at IS NULL ORDER BY 1`,
    );
    return rows.map(({ id }) => id);
  }

  /** Makes a change that everybody will have heard after all earlier ones. */
  async function mark(ears: Ear[]): Promise<void> {
    await sql.query(`UPDATE auth_user SET email = email || '.' WHERE id = $1`, [BOB]);
    await Promise.all(ears.map((ear) => ear.hears(`u:${BOB}`)));
  }

  describe('tells every node', () => {
    it.each([
      ['a deactivation', 'UPDATE auth_user SET is_active = false WHERE id = 7', ['u:7']],
      [
        'a new password',
        `UPDATE auth_user SET password = 'new' WHERE id = 7`,
        ['u:7', `s:${sid(1)}`],
      ],
      ['a new name', `UPDATE auth_user SET username = 'alicia' WHERE id = 7`, ['u:7']],
      ['a new role', 'UPDATE auth_user SET is_staff = true WHERE id = 7', ['u:7']],
      ['a new key', 'UPDATE auth_user SET id = 9 WHERE id = 7', ['u:7', 'u:9', `s:${sid(1)}`]],
      ['a deleted user', 'DELETE FROM auth_user WHERE id = 7', ['u:7', `s:${sid(1)}`]],
      ['an ended session', 'UPDATE auth_session SET revoked_at = now()', [`s:${sid(1)}`]],
      ['an earlier end', 'UPDATE auth_session SET ends_at = now()', [`s:${sid(1)}`]],
      ['a session of another user', `UPDATE auth_session SET user_id = '8'`, [`s:${sid(1)}`]],
      ['a deleted session', 'DELETE FROM auth_session', [`s:${sid(1)}`]],
      ['emptied users', 'TRUNCATE auth_user CASCADE', [ALL]],
      ['emptied sessions', 'TRUNCATE auth_session', [ALL]],
    ])('%s', async (_what, statement, keys) => {
      await logIn(ALICE, 1, 1);
      const nodes = [await node(), await node()];
      await sql.query(statement);
      for (const { ear } of nodes) {
        for (const key of keys) await ear.hears(key);
        expect(new Set(ear.heard)).toEqual(new Set(keys));
      }
    });
  });

  it('is silent about log-ins, refreshes and the deletion of sessions that had ended', async () => {
    await logIn(ALICE, 2, 1);
    await sql.query('UPDATE auth_session SET revoked_at = now() WHERE id = $1', [sid(2)]);
    const { ear } = await node();
    await sql.query('UPDATE auth_user SET last_login = now()');
    await sql.query(`UPDATE auth_session SET generation = generation + 1, rotated_at = now(),
      expires_at = now() + interval '1 day', last_used_at = now()`);
    await sql.query('DELETE FROM auth_session WHERE id = $1', [sid(2)]);
    await mark([ear]);
    expect(new Set(ear.heard)).toEqual(new Set([`u:${BOB}`]));
  });

  describe('ends the sessions of a changed password', () => {
    const change = `UPDATE auth_user SET password = 'new' WHERE id = ${ALICE}`;

    it.each([
      ['all of them by plain SQL', null, []],
      ['all but the one that the transaction keeps', sid(2), [sid(2)]],
      ['all but one that is written as a UUID', `00000000-0000-0000-0000-000000000002`, [sid(2)]],
      ['all for a word that names no session', 'none', []],
      ['none when only the hash was upgraded', 'all', [sid(1), sid(2), sid(3)]],
    ])('%s', async (_which, keep, kept) => {
      await logIn(ALICE, 3, 1);
      await logIn(BOB, 1, 9);
      await sql.query('BEGIN');
      if (keep !== null) {
        await sql.query(`SELECT set_config('nest_simplejwt.keep_sessions', $1, true)`, [keep]);
      }
      await sql.query(change);
      await sql.query('COMMIT');
      expect(await live()).toEqual([...kept, sid(9)]);
      const { rows } = await sql.query(
        'SELECT DISTINCT revoke_reason FROM auth_session WHERE revoked_at IS NOT NULL',
      );
      expect(rows).toEqual(kept.length === 3 ? [] : [{ revoke_reason: 'password_changed' }]);
      // What one transaction kept, the next one on this connection does not.
      await sql.query(`UPDATE auth_user SET password = 'newer' WHERE id = ${ALICE}`);
      expect(await live()).toEqual([sid(9)]);
    });
  });

  it('tells a change within milliseconds: p99 below 200 ms over 200 changes on two nodes', async () => {
    await logIn(ALICE, 200, 1);
    const nodes = [await node(), await node()];
    const times: number[] = [];
    for (let number = 1; number <= 200; number++) {
      const start = performance.now();
      await sql.query('UPDATE auth_session SET revoked_at = now() WHERE id = $1', [sid(number)]);
      await Promise.all(
        nodes.map(async ({ ear }) => {
          await ear.hears(`s:${sid(number)}`);
          times.push(performance.now() - start);
        }),
      );
    }
    times.sort((a, b) => a - b);
    const p99 = times[Math.floor(times.length * 0.99)];
    expect(p99).toBeLessThan(200);
  });

  it('tells a change that nobody was notified of at the next heartbeat', async () => {
    const { ear } = await node();
    const start = performance.now();
    await sql.query(`INSERT INTO auth_change (key) VALUES ('u:1')`);
    await ear.hears('u:1');
    expect(performance.now() - start).toBeLessThan(800);
  });

  it('does not miss a transaction that began early and commits late, and tells each change once', async () => {
    const { ear } = await node();
    const late = await connect();
    await late.query('BEGIN');
    await late.query(`UPDATE auth_user SET is_active = false WHERE id = $1`, [ALICE]);
    await late.query('SAVEPOINT inner_one');
    await late.query(`INSERT INTO auth_change (key) VALUES ('s:inner')`);
    // Others begin and commit meanwhile; the feed goes past them, and past two heartbeats.
    for (let count = 1; count <= 3; count++) {
      await mark([ear]);
      ear.forget();
    }
    await sql.query(`INSERT INTO auth_change (key) VALUES ('u:1')`);
    await ear.hears('u:1');
    expect(ear.heard).toEqual(['u:1']);
    ear.forget();
    await late.query('COMMIT');
    await ear.hears('s:inner');
    expect(ear.heard).toEqual([`u:${ALICE}`, 's:inner']);
    await mark([ear]);
    expect(ear.heard).toEqual([`u:${ALICE}`, 's:inner', `u:${BOB}`]);
  });

  it('does not tell what was rolled back', async () => {
    const { ear } = await node();
    await sql.query('BEGIN');
    await sql.query('UPDATE auth_user SET is_active = false');
    await sql.query('ROLLBACK');
    await mark([ear]);
    expect(ear.heard).toEqual([`u:${BOB}`]);
  });

  it('is told once that everything has changed when one transaction changes thousands', async () => {
    await logIn(ALICE, 5000, 1);
    const { ear } = await node();
    await sql.query('DELETE FROM auth_change');
    await sql.query('UPDATE auth_session SET revoked_at = now()');
    await ear.hears(ALL);
    const { rows } = await sql.query('SELECT count(*)::int AS rows FROM auth_change');
    expect(rows).toEqual([{ rows: 2001 }]);
    // The count is the transaction's, not the connection's.
    ear.forget();
    await sql.query('UPDATE auth_user SET is_active = false WHERE id = $1', [ALICE]);
    await ear.hears(`u:${ALICE}`);
  });

  it('keeps up with a burst of thousands of transactions', async () => {
    await logIn(ALICE, 2000, 1);
    const { ear } = await node();
    const writers = await Promise.all([connect(), connect(), connect(), connect()]);
    await Promise.all(
      writers.map(async (writer, which) => {
        for (let number = which + 1; number <= 2000; number += writers.length) {
          await writer.query('UPDATE auth_session SET revoked_at = now() WHERE id = $1', [
            sid(number),
          ]);
        }
      }),
    );
    await mark([ear]);
    expect(new Set(ear.heard).size).toBe(2001);
    expect(ear.heard).not.toContain(ALL);
  });

  describe('when its connection', () => {
    it('is terminated, is back at once and forgets everything', async () => {
      const { feed, ear } = await node();
      for (let count = 0; count < 5; count++) {
        await sql.query(`
          SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity
          WHERE application_name = 'nest-simplejwt feed'`);
        const start = performance.now();
        await ear.hears(ALL);
        await until(() => feed.isFresh());
        expect(performance.now() - start).toBeLessThan(800);
        await sql.query(`UPDATE auth_user SET email = email || '.' WHERE id = $1`, [ALICE]);
        await ear.hears(`u:${ALICE}`);
        expect(ear.heard).toEqual([ALL, `u:${ALICE}`]);
        ear.forget();
      }
    });

    it.each([
      ['cut', [[ALL]]],
      // A connection that was mended in time is still the same one.
      ['freeze', [[`u:${ALICE}`], [ALL]]],
    ] as const)(
      'meets a %s, vouches for nothing after 800 ms and tells what it has missed',
      async (fault, possible) => {
        const way = await wire();
        const { feed, ear } = await node(way.url);
        const cache = new VouchedCache(feed, { dependenciesOf: (key: string) => [key] });
        await cache.load('u:7', async () => 'u:7');
        await cache.load('u:8', async () => 'u:8');
        way[fault]();
        const start = performance.now();
        await sql.query('UPDATE auth_user SET is_active = false WHERE id = $1', [ALICE]);
        await until(() => !feed.isFresh());
        expect(performance.now() - start).toBeLessThan(1000);
        expect(cache.find('u:8')).toBeUndefined();
        way.mend();
        await until(() => feed.isFresh());
        expect(possible).toContainEqual(ear.heard);
        const isKept = !ear.heard.includes(ALL);
        expect([cache.find('u:7'), cache.find('u:8')]).toEqual([
          undefined,
          isKept ? 'u:8' : undefined,
        ]);
      },
    );
  });

  async function nextTransaction(): Promise<string> {
    const { rows } = await sql.query(
      'SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS next',
    );
    return (rows[0] as { next: string }).next;
  }

  it('trims in batches, only below the mark, and waits for no other node', async () => {
    await sql.query('UPDATE auth_feed SET trimmed_below = NULL');
    await sql.query(
      `INSERT INTO auth_change (key) SELECT 'u:' || n FROM generate_series(1, $1) n`,
      [TRIM_SIZE + 5],
    );
    const below = await nextTransaction();
    await sql.query(`INSERT INTO auth_change (key) VALUES ('u:kept')`);
    const other = await connect();
    await other.query('BEGIN');
    await other.query('SELECT FROM auth_change FOR UPDATE');
    expect((await sql.query(TRIM, [below])).rows).toEqual([{ deleted: 0 }]);
    await other.query('ROLLBACK');
    expect((await sql.query(TRIM, [below])).rows).toEqual([{ deleted: TRIM_SIZE }]);
    // TRUNCATE in the set-up has left two marks of everything.
    const rest = (await sql.query<{ deleted: number }>(TRIM, [below])).rows[0]!.deleted;
    expect(rest).toBeGreaterThanOrEqual(5);
    expect(rest).toBeLessThanOrEqual(7);
    expect((await sql.query('SELECT key FROM auth_change')).rows).toEqual([{ key: 'u:kept' }]);
    // A server of the version before, which goes on after any time, learns from it what it has missed.
    const { rows } = await sql.query('SELECT trimmed_below::text AS mark FROM auth_feed');
    expect(rows).toEqual([{ mark: below }]);
  });

  it('forgets everything after a minute without a heartbeat on one connection, and not before', async () => {
    const clock = new FakeClock();
    const { feed, ear } = await node(null, { clock });
    for (const [seconds, news] of [
      [59, []],
      [61, [ALL]],
    ] as const) {
      clock.advance(seconds);
      await until(() => feed.isFresh());
      await mark([ear]);
      expect(ear.heard).toEqual([...news, `u:${BOB}`]);
      ear.forget();
    }
  });

  it('forgets everything when an operator says so', async () => {
    const nodes = [await node(), await node()];
    await sql.query(`INSERT INTO auth_change (key) VALUES ('x')`);
    for (const { ear } of nodes) await ear.hears(ALL);
    await mark(nodes.map(({ ear }) => ear));
  });

  it('goes on in a database that was copied from a server that had counted further', async () => {
    const ahead = '9000000000';
    await sql.query(`INSERT INTO auth_change (xid, key) VALUES ('${ahead}', 'x')`);
    const nodes = [await node(), await node()];
    const ears = nodes.map(({ ear }) => ear);
    await mark(ears);
    for (const ear of ears) ear.forget();
    for (let count = 1; count <= 3; count++) await mark(ears);
    for (const { heard } of ears) expect(new Set(heard)).toEqual(new Set([`u:${BOB}`]));
  });

  it('forgets everything after a crash of the server, and comes back by itself', async () => {
    const { feed, ear } = await node();
    const { rows } = await sql.query('SELECT pg_backend_pid() AS pid');
    process.kill((rows[0] as { pid: number }).pid, 'SIGKILL');
    await ear.hears(ALL);
    await until(() => feed.isFresh());
    sql = await connect();
    ear.forget();
    await mark([ear]);
    expect(ear.heard).toEqual([`u:${BOB}`]);
  });

  it('vouches for nothing after the machine has slept, until the next heartbeat', async () => {
    const clock = new FakeClock();
    const { feed } = await node(null, { clock });
    expect(feed.isFresh()).toBe(true);
    clock.advance(60);
    expect(feed.isFresh()).toBe(false);
    await until(() => feed.isFresh());
  });

  it('starts without its tables and is there when they are', async () => {
    await sql.query('CREATE DATABASE empty');
    const url = new URL(postgres.url);
    url.pathname = '/empty';
    const { feed } = await node(url.href, { pool: url.href });
    expect(feed.isFresh()).toBe(false);
    await migrate(dataSourceOptions(url.href, 2));
    await until(() => feed.isFresh());
    const database = new DataSource(dataSourceOptions(url.href, 2));
    await database.initialize();
    const own = AUTH_MIGRATIONS.slice(AUTH_MIGRATIONS.indexOf(ChangeFeed1700000000002));
    const runner = database.createQueryRunner();
    for (const Migration of own.toReversed()) await new Migration().down(runner);
    await runner.release();
    await database.destroy();
    const { rows } = await (
      await connect(url.href)
    ).query(`
      SELECT tgname FROM pg_trigger WHERE NOT tgisinternal
      UNION SELECT proname FROM pg_proc WHERE proname LIKE 'auth%'
      UNION SELECT relname FROM pg_class WHERE relname IN ('auth_change', 'auth_feed')`);
    expect(rows).toEqual([]);
  });

  it('hears of what is done on another search path', async () => {
    await logIn(ALICE, 1, 1);
    const { ear } = await node();
    await sql.query('SET search_path = pg_catalog');
    await sql.query(`UPDATE public.auth_user SET password = 'new' WHERE id = $1`, [ALICE]);
    await ear.hears(`s:${sid(1)}`);
    await sql.query('RESET search_path');
    expect(await live()).toEqual([]);
  });

  describe('while it hears of another database than the pool', () => {
    const elsewhere = new URL('postgres://nowhere');

    beforeAll(async () => {
      const first = new Client({ connectionString: postgres.url });
      await first.connect();
      await first.query('CREATE DATABASE elsewhere');
      await first.end();
      elsewhere.href = postgres.url;
      elsewhere.pathname = '/elsewhere';
      await migrate(dataSourceOptions(elsewhere.href, 2));
    });

    it('vouches for nothing', async () => {
      const { feed, ear } = await node(elsewhere.href);
      expect(feed.isFresh()).toBe(false);
      expect(ear.heard).toEqual([]);
    });

    /** Does with the pool what a request might. */
    async function use(database: DataSource): Promise<void> {
      const runner = database.createQueryRunner();
      await runner.connect();
      await runner.release();
    }

    it('vouches for nothing within a second after the pool has moved, until it is back', async () => {
      const { feed, database } = await node();
      const other = await new DataSource(dataSourceOptions(elsewhere.href, 2)).initialize();
      pools.push(other);
      const moved = jest.spyOn(database, 'query').mockImplementation((text) => other.query(text));
      await use(database);
      const start = performance.now();
      await until(() => !feed.isFresh());
      expect(performance.now() - start).toBeLessThan(1000);
      // Each new connection asks whether the two are together now.
      const asked = moved.mock.calls.length;
      await until(() => feed.isFresh() || moved.mock.calls.length >= asked + 3);
      expect(feed.isFresh()).toBe(false);
      moved.mockRestore();
      await until(() => feed.isFresh());
    });

    it('asks once more where the pool was used while it was asked', async () => {
      const { database } = await node();
      const query = database.query.bind(database);
      const asked = jest.spyOn(database, 'query').mockImplementationOnce(async (text) => {
        const answer = await query(text);
        await use(database);
        return answer;
      });
      await use(database);
      await until(() => asked.mock.calls.length > 1);
    });

    it('leaves a DataSource alone that somebody else has destroyed', async () => {
      const { feed, database } = await node();
      await database.destroy();
      await feed.onApplicationShutdown();
      pools.splice(pools.indexOf(database), 1);
    });

    it('goes on while the pool is busy, which does not say where it is', async () => {
      const { feed, database } = await node();
      const asked = jest.spyOn(database, 'query');
      const runners = [database.createQueryRunner(), database.createQueryRunner()];
      await Promise.all(runners.map((runner) => runner.connect()));
      await until(() => asked.mock.calls.length > 0);
      const end = performance.now() + 1500;
      await until(() => !feed.isFresh() || performance.now() > end);
      expect(feed.isFresh()).toBe(true);
      await Promise.all(runners.map((runner) => runner.release()));
    });

    it('asks the pool again each time it was used, and nothing while nobody uses it', async () => {
      const { feed, database } = await node();
      const asked = jest.spyOn(database, 'query');
      for (const times of [1, 2]) {
        await use(database);
        await until(() => asked.mock.calls.length >= times);
        await asked.mock.results.at(-1)?.value;
      }
      const begun = performance.now();
      await until(() => performance.now() - begun > 1500);
      expect(asked).toHaveBeenCalledTimes(2);
      expect(feed.isFresh()).toBe(true);
    });
  });

  it('ends the sessions of a deleted user, so that nobody inherits them with the key', async () => {
    await logIn(ALICE, 2, 1);
    await logIn(BOB, 1, 3);
    await sql.query('DELETE FROM auth_user WHERE id = $1', [ALICE]);
    expect(await live()).toEqual([sid(3)]);
    await sql.query('TRUNCATE auth_user CASCADE');
    expect(await live()).toEqual([]);
  });
});
