import { DataSource, type DataSourceOptions } from 'typeorm';
import { againIfUndone } from './again-if-undone.js';
import { withAdvisoryLock } from './advisory-lock.js';
import { AUTH_MIGRATIONS } from './migrations.js';
import { missingTables } from './schema.js';

/** Table in which the executed migrations are listed; not TypeORM's usual one, which a host may use itself. */
export const MIGRATIONS_TABLE = 'nest_simplejwt_migrations';
/** TypeORM's usual one, in which a host with migrations of its own has ours among them. */
const USUAL_TABLE = 'migrations';

const NAMES = AUTH_MIGRATIONS.map(({ name }) => name);

/** Which of our migrations were executed, and the table that says so. */
interface MigrationList {
  readonly table: string;
  readonly executed: ReadonlySet<string>;
}

/**
 * Whether the schema is as this version needs it. A newer version may have added more. A host that keeps its schema by
 * other means than TypeORM's migrations is only asked for the tables.
 */
export async function isMigrated(database: DataSource): Promise<boolean> {
  if ((await missingTables(database)).length > 0) return false;
  const hasOurs = database.migrations.some((own) =>
    AUTH_MIGRATIONS.some((migration) => own instanceof migration),
  );
  if (!hasOurs) return true;
  const list = await findList(database);
  return list === null || NAMES.every((name) => list.executed.has(name));
}

/**
 * Brings the schema up to date. Several servers may do it at once on one empty database: one works, the others wait for
 * it; so it has connections of its own without the timeouts of requests. Where nothing is pending no lock is asked for:
 * any role that may connect to the database could hold it.
 *
 * What a host has executed is not executed again: pending migrations are noted in its list. Where all tables are there
 * and no list names them, a host makes its schema by other means, and keeps it up to date itself.
 *
 * @param check - what the database is asked before anything is written
 * @throws ConfigError when another connection holds the lock for a minute
 */
export async function migrate(
  options: DataSourceOptions,
  check: (database: DataSource) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  await withConnections(options, async (database) => {
    await check(database);
    if (!(await isPending(database))) return;
    await withAdvisoryLock(database, 'migrate', async () => {
      const list = await findList(database);
      if (list === null && (await missingTables(database)).length === 0) return;
      if (list === null || list.table === listName(database)) return run(database);
      await withConnections({ ...options, migrationsTableName: list.table }, run);
    });
  });
}

async function isPending(database: DataSource): Promise<boolean> {
  const list = await findList(database);
  return list === null
    ? (await missingTables(database)).length > 0
    : !NAMES.every((name) => list.executed.has(name));
}

/** Servers that run meanwhile lock the same tables in another order. */
async function run(database: DataSource): Promise<void> {
  await againIfUndone(() => database.runMigrations({ transaction: 'each' }), 5);
}

async function withConnections(
  options: DataSourceOptions,
  work: (database: DataSource) => Promise<void>,
): Promise<void> {
  const database = new DataSource({
    ...options,
    poolSize: 2,
    entities: [],
    // The driver that checks who answers is of the options; a locked table is waited for as long as the lock.
    extra: { ...driverOf(options), connectionTimeoutMillis: 5000, lock_timeout: 60_000 },
  } as DataSourceOptions);
  await database.initialize();
  try {
    await work(database);
  } finally {
    await database.destroy();
  }
}

function driverOf(options: DataSourceOptions): object {
  const { Client } = (options.extra ?? {}) as { Client?: unknown };
  return Client === undefined ? {} : { Client };
}

function listName(database: DataSource): string {
  return database.options.migrationsTableName ?? USUAL_TABLE;
}

/** `migrations` is a usual name: that table may also be another tool's, with other columns, or closed to us. */
const HAS_NAMES = `SELECT EXISTS (
  SELECT FROM pg_attribute WHERE attrelid = to_regclass($1) AND attname = 'name'
    AND has_column_privilege(attrelid, attnum, 'SELECT')) AS "hasNames"`;

/** The DataSource's own list, or TypeORM's usual one; null where neither has any of our migrations. */
async function findList(database: DataSource): Promise<MigrationList | null> {
  const { schema } = database.options as { schema?: string };
  for (const table of new Set([listName(database), USUAL_TABLE])) {
    const path = [schema, table]
      .filter((part) => part !== undefined)
      .map((part) => database.driver.escape(part))
      .join('.');
    const [found] = await database.query<{ hasNames: boolean }[]>(HAS_NAMES, [path]);
    if (!found?.hasNames) continue;
    const rows = await database.query<{ name: string }[]>(
      `SELECT name::text AS name FROM ${path} WHERE name::text = ANY($1)`,
      [NAMES],
    );
    if (rows.length > 0) return { table, executed: new Set(rows.map(({ name }) => name)) };
  }
  return null;
}
