import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/server/data-source.js';
import { tryWithAdvisoryLock, withAdvisoryLock } from '../../src/database/advisory-lock.js';
import { MIGRATIONS_TABLE, isMigrated, migrate } from '../../src/database/migrate.js';
import { AUTH_MIGRATIONS } from '../../src/database/migrations.js';
import { TestClient } from '../support/client.js';
import { createDatabase, dropDatabases, query } from '../support/databases.js';
import { spawnServer } from '../support/process.js';
import { SIGNING_KEY } from '../support/tokens.js';

jest.setTimeout(60_000);

/**
 * What Django 3.2 makes: ids from sequences. Django knows the constraints by what they do, so their names may differ
 * from those of our migration.
 */
const DJANGO = `
  CREATE TABLE auth_user (
    id serial NOT NULL PRIMARY KEY, password varchar(128) NOT NULL, last_login timestamptz NULL,
    is_superuser boolean NOT NULL, username varchar(150) NOT NULL UNIQUE, first_name varchar(150) NOT NULL,
    last_name varchar(150) NOT NULL, email varchar(254) NOT NULL, is_staff boolean NOT NULL,
    is_active boolean NOT NULL, date_joined timestamptz NOT NULL);
  CREATE INDEX auth_user_username_6821ab7c_like ON auth_user (username varchar_pattern_ops);
  CREATE TABLE token_blacklist_outstandingtoken (
    id bigserial NOT NULL PRIMARY KEY, token text NOT NULL, created_at timestamptz NULL,
    expires_at timestamptz NOT NULL, user_id integer NULL, jti varchar(255) NOT NULL);
  ALTER TABLE token_blacklist_outstandingtoken
    ADD CONSTRAINT token_blacklist_outstandingtoken_jti_hex_d9bdf6f7_uniq UNIQUE (jti),
    ADD CONSTRAINT token_blacklist_outs_user_id_83bc629a_fk_auth_user FOREIGN KEY (user_id)
      REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;
  CREATE INDEX token_blacklist_outstandingtoken_jti_hex_d9bdf6f7_like
    ON token_blacklist_outstandingtoken (jti varchar_pattern_ops);
  CREATE TABLE token_blacklist_blacklistedtoken (
    id bigserial NOT NULL PRIMARY KEY, blacklisted_at timestamptz NOT NULL, token_id bigint NOT NULL UNIQUE
      REFERENCES token_blacklist_outstandingtoken (id) DEFERRABLE INITIALLY DEFERRED);
  INSERT INTO auth_user VALUES (7, 'pbkdf2_sha256$1000$salt$' ||
    'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=', NULL, true, 'root', '', '', '', true, true, now());
  SELECT setval('auth_user_id_seq', 7)`;

const env = { SIMPLE_JWT_PROFILE: 'parity', SIMPLE_JWT_SIGNING_KEY: SIGNING_KEY };

async function withDatabase<T>(
  url: string,
  work: (database: DataSource) => Promise<T>,
): Promise<T> {
  const database = await new DataSource(dataSourceOptions(url, 2)).initialize();
  try {
    return await work(database);
  } finally {
    await database.destroy();
  }
}

function migrationNames(url: string): Promise<{ name: string }[]> {
  return query<{ name: string }>(url, `SELECT name FROM ${MIGRATIONS_TABLE} ORDER BY id`);
}

const ALL = AUTH_MIGRATIONS.map(({ name }) => ({ name }));

describe('the schema', () => {
  let empty: string;

  beforeEach(async () => {
    empty = await createDatabase('schema', null);
  });

  afterEach(() => dropDatabases('schema'));

  it('is exactly that of the entities after migrating an empty database', async () => {
    await migrate(dataSourceOptions(empty, 2));
    const drift = await withDatabase(empty, (database) =>
      database.driver.createSchemaBuilder().log(),
    );
    expect(drift.upQueries.map(({ query: sql }) => sql)).toEqual([]);
  });

  it('is gone after all migrations are undone, and back after they are done again', async () => {
    const objects = `
      SELECT 'table' AS kind, tablename::text AS name FROM pg_tables WHERE schemaname = 'public'
      UNION ALL SELECT 'function', proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
      UNION ALL SELECT 'sequence', relname FROM pg_class
        WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace
      UNION ALL SELECT 'column', table_name || '.' || column_name || ' ' || data_type
        FROM information_schema.columns WHERE table_schema = 'public'
      UNION ALL SELECT 'index', indexdef FROM pg_indexes WHERE schemaname = 'public'
      UNION ALL SELECT 'trigger', tgname FROM pg_trigger WHERE NOT tgisinternal
      ORDER BY kind, name`;
    await migrate(dataSourceOptions(empty, 2));
    const before = await query<{ name: string }>(empty, objects);
    await withDatabase(empty, async (database) => {
      for (let left = AUTH_MIGRATIONS.length; left > 0; left -= 1) {
        await database.undoLastMigration();
      }
    });
    const left = await query<{ name: string }>(empty, objects);
    expect(left.filter(({ name }) => !name.includes(MIGRATIONS_TABLE))).toEqual([]);
    await migrate(dataSourceOptions(empty, 2));
    await expect(query(empty, objects)).resolves.toEqual(before);
    await expect(withDatabase(empty, isMigrated)).resolves.toBe(true);
  });

  it('is made once when two servers start on one empty database', async () => {
    const [one, two] = await Promise.all(
      [1, 2].map(() => spawnServer({ ...env, DATABASE_URL: empty })),
    );
    await expect(migrationNames(empty)).resolves.toEqual(ALL);
    for (const server of [one!, two!]) {
      expect((await fetch(`${server.url}/health/ready`)).status).toBe(200);
    }
    // One of them made the demo user; both know it.
    const [, username = '', password = ''] =
      /(\S+) \/ (\S+)$/m.exec(one!.output() + two!.output()) ?? [];
    await new TestClient(one!.url).login(username, password);
    await new TestClient(two!.url).login(username, password);
    await Promise.all([one!.stop(), two!.stop()]);
  });

  it('gets no demo user where it is that of a Django project', async () => {
    await query(empty, DJANGO);
    await query(empty, 'TRUNCATE auth_user CASCADE; CREATE TABLE django_migrations (id serial)');
    const server = await spawnServer({ ...env, DATABASE_URL: empty });
    await expect(query(empty, 'SELECT username FROM auth_user')).resolves.toEqual([]);
    expect(server.output()).not.toContain('demo /');
    await server.stop();
  });

  it('is made under a lock that ends with its transaction, for a pooler may lend each statement another connection', async () => {
    await withDatabase(empty, async (database) => {
      const holders = `SELECT a.state FROM pg_locks l JOIN pg_stat_activity a USING (pid)
        WHERE l.locktype = 'advisory' AND l.granted AND a.datname = current_database()`;
      const during = () => query(empty, holders);
      for (const lock of [withAdvisoryLock, tryWithAdvisoryLock]) {
        await expect(lock(database, 'flush', during)).resolves.toEqual([
          { state: 'idle in transaction' },
        ]);
        await expect(during()).resolves.toEqual([]);
      }
    });
  });

  it('and is left alone by whoever comes while it is taken', async () => {
    await withDatabase(empty, async (database) => {
      const second = () => tryWithAdvisoryLock(database, 'flush', () => Promise.resolve('done'));
      await expect(withAdvisoryLock(database, 'flush', second)).resolves.toBeNull();
      await expect(second()).resolves.toBe('done');
    });
  });

  it('adopts the tables and users of a database that Django made', async () => {
    await query(empty, DJANGO);
    const fixture = `${import.meta.dirname}/users-fixture.json`;
    const server = await spawnServer({ ...env, DATABASE_URL: empty, USERS_FIXTURE: fixture });
    expect(server.output()).not.toContain('A user to try it with');
    await expect(migrationNames(empty)).resolves.toEqual(ALL);
    // Django's own user is there, and new ones are numbered behind it.
    await expect(query(empty, 'SELECT id, username FROM auth_user ORDER BY id')).resolves.toEqual([
      { id: 7, username: 'root' },
      { id: 8, username: 'fay' },
      { id: 40, username: 'gus' },
    ]);
    const client = new TestClient(server.url);
    const { access, refresh } = await client.login('fay', 'fays password');
    expect((await client.me(access)).body).toEqual({ id: 8, username: 'fay' });
    expect((await client.blacklist(refresh)).status).toBe(200);
    const blacklisted = `SELECT count(*)::int FROM token_blacklist_blacklistedtoken`;
    await expect(query(empty, blacklisted)).resolves.toEqual([{ count: 1 }]);
    await server.stop();
  });
});
