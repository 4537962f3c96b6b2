import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { DataSource } from 'typeorm';
import { AppModule } from '../app.module.js';
import { migrateOrExplain, withSigningKey } from '../app.server.js';
import { databaseFault } from '../common/database-fault.js';
import type { Config } from '../config/environment.js';
import { ConfigError } from '../config/resolve-settings.js';
import { dataSourceOptions, withDataSource } from '../data-source.js';
import { startEmbeddedPostgres } from '../database/embedded-postgres.js';
import { MIGRATIONS_TABLE, migrate } from '../database/migrate.js';
import { AUTH_MIGRATIONS } from '../database/migrations.js';
import { missingTables } from '../database/schema.js';
import { checkKeyRing } from '../keys/check-key-ring.js';
import { loadConfiguredKeys } from '../keys/key-material.js';

/**
 * Runs the work on the database that the server would use, its schema up to date: the one of `DATABASE_URL`, or the
 * embedded one, which is started and stopped again.
 *
 * @throws ConfigError when the database of `DATABASE_URL` cannot be used
 * @throws EmbeddedPostgresError when a server of this `DATA_DIR` runs, among others
 */
export async function withDatabase(
  config: Config,
  work: (databaseUrl: string) => Promise<void>,
): Promise<void> {
  const embedded =
    config.databaseUrl === null ? await startEmbeddedPostgres({ dataDir: config.dataDir }) : null;
  try {
    const databaseUrl = config.databaseUrl ?? embedded?.url ?? '';
    await bringUpToDate(databaseUrl, config);
    await work(databaseUrl);
  } finally {
    await embedded?.stop();
  }
}

/** Runs the work inside the server's modules, which listen to nobody. Throws as `withDatabase` does. */
export async function withApplication(
  config: Config,
  work: (app: INestApplicationContext) => Promise<void>,
): Promise<void> {
  await withDatabase(config, async (databaseUrl) => {
    const signing = withSigningKey(config);
    // As in the server: found by Nest, what is wrong would be logged with a stack before it is explained.
    loadConfiguredKeys(signing.settings);
    await withDataSource(databaseUrl, (database) => checkKeyRing(database, config.settings));
    const app = await NestFactory.createApplicationContext(
      AppModule.forRoot(signing, databaseUrl),
      { abortOnError: false, logger: ['warn', 'error', 'fatal'] },
    );
    try {
      await work(app);
    } finally {
      await app.close();
    }
  });
}

/** TypeORM's usual table of executed migrations, in which a host with migrations of its own has ours among them. */
const HOST_TABLE = 'migrations';

/** `migrations` is a usual name: the table may also be that of another tool, with other columns. */
const FIND_TABLES = `
  SELECT to_regclass($1) IS NOT NULL AS "isOurs", EXISTS (
    SELECT FROM pg_attribute WHERE attrelid = to_regclass($2) AND attname = 'name') AS "mayBeHosts"`;

const IS_LISTED = `SELECT EXISTS (SELECT FROM ${HOST_TABLE} WHERE name::text = ANY($1)) AS "isListed"`;

/** Runs the migrations that are pending, by the list of a host where that is the one that has ours. */
async function bringUpToDate(databaseUrl: string, config: Config): Promise<void> {
  const list = await listOfMigrations(databaseUrl, config);
  if (list === 'ours') await migrateOrExplain(databaseUrl, config);
  if (list === 'host') {
    const options = dataSourceOptions(databaseUrl, config.databasePoolSize);
    await migrate({ ...options, migrationsTableName: HOST_TABLE });
  }
}

/**
 * Who lists the executed migrations: what a host has run must not run anew. Where all tables are there and neither list
 * is, the host calls its own otherwise, or makes its schema by other means, and keeps it up to date itself.
 */
async function listOfMigrations(
  databaseUrl: string,
  config: Config,
): Promise<'ours' | 'host' | 'unknown'> {
  try {
    return await withDataSource(databaseUrl, async (database) => {
      const [table] = await database.query<{ isOurs: boolean; mayBeHosts: boolean }[]>(
        FIND_TABLES,
        [MIGRATIONS_TABLE, HOST_TABLE],
      );
      if (table?.isOurs) return 'ours';
      if (table?.mayBeHosts && (await isListedByHost(database))) return 'host';
      return (await missingTables(database)).length === 0 ? 'unknown' : 'ours';
    });
  } catch (error) {
    const reason = databaseFault(error) ?? (error as { code?: string }).code;
    if (reason === undefined || config.databaseUrl === null) throw error;
    throw new ConfigError([
      `DATABASE_URL: the database cannot be used (${reason}). Check the address, the password and that it is running. Example: postgres://user:password@host:5432/name`,
    ]);
  }
}

async function isListedByHost(database: DataSource): Promise<boolean> {
  const names = AUTH_MIGRATIONS.map(({ name }) => name);
  const [row] = await database.query<{ isListed: boolean }[]>(IS_LISTED, [names]);
  return row?.isListed === true;
}
