import { DataSource, type DataSourceOptions } from 'typeorm';
import { databaseFault } from '../common/database-fault.js';
import { ConfigError } from '../config/config-error.js';
import type { Config } from '../config/environment.js';
import { requireSound } from '../database/database-facts.js';
import { requireReachableUsers } from '../database/django-project.js';
import { MIGRATIONS_TABLE, migrate } from '../database/migrate.js';
import { TimeoutDroppingClient } from '../database/timeout-dropping-client.js';
import { AUTH_MIGRATIONS } from '../database/migrations.js';
import { AUTH_ENTITIES } from '../auth/entities.js';

/** Time limits towards Postgres, in ms. Together they allow an answer to every request within 5 s (design §7). */
const TIMEOUTS = {
  connectionTimeoutMillis: 1500,
  /** Postgres cancels a statement that runs longer … */
  statement_timeout: 2800,
  lock_timeout: 2500,
  idle_in_transaction_session_timeout: 5000,
  /** … and the client gives up a statement that gets no answer, because Postgres is frozen. */
  query_timeout: 3000,
};

/** TypeORM's options for the server and its commands. `migrate` runs the migrations, under a lock. */
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

/** Runs the work on a separate DataSource, outside of Nest. */
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

/**
 * Brings the schema up to date.
 *
 * @throws ConfigError when the database of `DATABASE_URL` cannot be used
 */
export async function updateSchema(url: string, config: Config): Promise<void> {
  const mustBeClosed = config.settings.profile === 'secure' && config.nodeEnv === 'production';
  try {
    await migrate(dataSourceOptions(url, config.databasePoolSize), async (database) => {
      // Before every other statement: a planted trigger or function would run with the first statement that uses it.
      await requireSound(database, 'auth_user', mustBeClosed);
      await requireReachableUsers(database);
    });
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === '55P03') {
      throw new ConfigError([
        `A migration has waited a minute for a table that another transaction has locked. Find it, and wait for its end or end it: SELECT pid, usename, application_name, xact_start FROM pg_stat_activity WHERE xact_start IS NOT NULL ORDER BY xact_start`,
      ]);
    }
    const reason = databaseFault(error) ?? code;
    if (reason === undefined || config.databaseUrl === null) throw error;
    throw new ConfigError([
      `DATABASE_URL: the database cannot be used (${reason}). Check the address, the password and that it is running. Example: postgres://user:password@host:5432/name`,
    ]);
  }
}
