import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from '../server/app.module.js';
import { migrateOrExplain, withSigningKey } from '../server/server.js';
import type { Config } from '../config/environment.js';
import { withDataSource } from '../server/data-source.js';
import { startEmbeddedPostgres } from '../embedded-postgres/embedded-postgres.js';
import { checkKeyRing } from '../keys/key-encryption.js';
import { loadConfiguredKeys } from '../keys/configured-keys.js';

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
    await migrateOrExplain(databaseUrl, config);
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
    const signing = await withSigningKey(config);
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
