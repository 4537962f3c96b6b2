import { DataSource, type DataSourceOptions } from 'typeorm';
import { MIGRATIONS_TABLE } from '../database/migrate.js';
import { TimeoutDroppingClient } from '../database/timeout-dropping-client.js';
import { AUTH_MIGRATIONS } from '../database/migrations.js';
import { AUTH_ENTITIES } from '../auth/entities.js';

/** How the server talks to Postgres. All times in ms; together they answer every request within 5 s (design §7). */
const TIMEOUTS = {
  connectionTimeoutMillis: 1500,
  /** A statement that the server runs too long is cancelled by Postgres … */
  statement_timeout: 2800,
  lock_timeout: 2500,
  idle_in_transaction_session_timeout: 5000,
  /** … and one that never answers, because Postgres is frozen, is given up here. */
  query_timeout: 3000,
};

/** The options of the one DataSource of the server and its commands. Migrations run by `migrate`, under a lock. */
export function dataSourceOptions(url: string, poolSize: number): DataSourceOptions {
  return {
    type: 'postgres',
    url,
    entities: AUTH_ENTITIES,
    migrations: AUTH_MIGRATIONS,
    migrationsTableName: MIGRATIONS_TABLE,
    synchronize: false,
    poolSize,
    applicationName: 'nest-simplejwt',
    extra: { ...TIMEOUTS, keepAlive: true, Client: TimeoutDroppingClient },
  };
}

/** Runs the work on a DataSource of its own, outside of Nest. */
export async function withDataSource<T>(
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
