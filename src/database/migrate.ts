import { DataSource, type DataSourceOptions } from 'typeorm';
import { withAdvisoryLock } from './advisory-lock.js';
import { AUTH_MIGRATIONS } from './migrations.js';
import { missingTables } from './schema.js';

/** Table in which the executed migrations are listed; not TypeORM's usual one, which a host may use itself. */
export const MIGRATIONS_TABLE = 'nest_simplejwt_migrations';

/**
 * Whether the schema is as this version needs it. A newer version may have added more. A host that keeps its schema by
 * other means than TypeORM's migrations is only asked for the tables.
 */
export async function isMigrated(database: DataSource): Promise<boolean> {
  if ((await missingTables(database)).length > 0) return false;
  const isListed = database.migrations.some((own) =>
    AUTH_MIGRATIONS.some((migration) => own instanceof migration),
  );
  if (!isListed) return true;
  const { migrationsTableName = 'migrations', schema } = database.options as {
    migrationsTableName?: string;
    schema?: string;
  };
  const table = [schema, migrationsTableName]
    .filter((part) => part !== undefined)
    .map((part) => database.driver.escape(part))
    .join('.');
  const [found] = await database.query<{ found: boolean }[]>(
    'SELECT to_regclass($1) IS NOT NULL AS found',
    [table],
  );
  if (!found?.found) return false;
  const rows = await database.query<{ name: string }[]>(`SELECT name FROM ${table}`);
  const done = new Set(rows.map((row) => row.name));
  return AUTH_MIGRATIONS.every((migration) => done.has(migration.name));
}

/**
 * Brings the schema up to date. Several servers may do it at once on one empty database: one works, the others wait,
 * for as long as it takes; so it has connections of its own without the timeouts of requests.
 */
export async function migrate(options: DataSourceOptions): Promise<void> {
  const database = new DataSource({
    ...options,
    poolSize: 2,
    entities: [],
    extra: { connectionTimeoutMillis: 5000 },
  } as DataSourceOptions);
  await database.initialize();
  try {
    await withAdvisoryLock(database, 'migrate', async () => {
      await database.runMigrations({ transaction: 'each' });
    });
  } finally {
    await database.destroy();
  }
}
