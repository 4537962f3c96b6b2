import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from '../server/app.module.js';
import { withSigningKey } from '../server/start.js';
import type { Config } from '../config/environment.js';
import { updateSchema, withDataSource } from '../server/data-source.js';
import { startEmbeddedPostgres } from '../embedded-postgres/embedded-postgres.js';
import { checkKeyRing } from '../keys/key-encryption.js';
import { loadConfiguredKeys } from '../keys/configured-keys.js';

/**
 * Brings the schema of the server's database up to date and runs the work on it. The database is that of `DATABASE_URL`,
 * or the embedded one, which is started before and stopped after the work.
 *
 * @throws ConfigError when the database of `DATABASE_URL` cannot be used
 * @throws EmbeddedPostgresError when the embedded database cannot be used, for example while a server runs on `DATA_DIR`
 */
export async function withDatabase(
  config: Config,
  work: (databaseUrl: string) => Promise<void>,
): Promise<void> {
  const embedded =
    config.databaseUrl === null ? await startEmbeddedPostgres({ dataDir: config.dataDir }) : null;
  try {
    const databaseUrl = config.databaseUrl ?? embedded?.url ?? '';
    await updateSchema(databaseUrl, config);
    await work(databaseUrl);
  } finally {
    await embedded?.stop();
  }
}

/** Runs the work inside the server's modules, without HTTP. Throws as `withDatabase` does. */
export async function withApplication(
  config: Config,
  work: (app: INestApplicationContext) => Promise<void>,
): Promise<void> {
  await withDatabase(config, async (databaseUrl) => {
    const signing = await withSigningKey(config);
    // Before Nest starts, as in the server: Nest would log a wrong key with a stack.
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
