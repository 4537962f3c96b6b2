import type { Server } from 'node:http';
import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { allowOrigins } from './cors.js';
import { ServerLogger } from './logger.js';
import { AppModule } from './app.module.js';
import { createAdapter } from './adapter.js';
import { serveOpenApi } from './openapi.js';
import { configureApp } from '../http/setup.js';
import { drain } from './stop.js';
import { DemoUser, type DemoLogin } from './demo-user.js';
import { UsersFixture } from './users-fixture.js';
import { databaseFault } from '../common/database-fault.js';
import { developmentKey } from '../keys/generate-key.js';
import type { Config } from '../config/environment.js';
import { requirePackages } from '../config/optional-packages.js';
import { ConfigError } from '../config/config-error.js';
import { dataSourceOptions, withDataSource } from './data-source.js';
import { requireSound } from '../database/database-facts.js';
import {
  startEmbeddedPostgres,
  type EmbeddedPostgres,
} from '../embedded-postgres/embedded-postgres.js';
import { migrate } from '../database/migrate.js';
import { checkKeyRing } from '../keys/key-encryption.js';
import { loadConfiguredKeys } from '../keys/configured-keys.js';

/** A server that answers. */
export interface RunningServer {
  /** `http://host:port` */
  readonly url: string;
  /** The log-in that this start made, null when there were users already. */
  readonly demoLogin: DemoLogin | null;
  /** Answers what has arrived, then stops everything that `startServer` started. */
  readonly stop: () => Promise<void>;
}

/**
 * Starts the whole server: database, schema, users, HTTP.
 *
 * @throws ConfigError with what the operator has to change
 */
export async function startServer(config: Config): Promise<RunningServer> {
  const logger = new Logger('EmbeddedPostgres');
  requirePackages('The server', packagesFor(config));
  const embedded =
    config.databaseUrl === null
      ? await startEmbeddedPostgres({
          dataDir: config.dataDir,
          warn: (line) => logger.warn(line),
        })
      : null;
  try {
    const url = config.databaseUrl ?? embedded?.url ?? '';
    return await serve(await withSigningKey(config), url, embedded);
  } catch (error) {
    await embedded?.stop();
    throw error;
  }
}

/** What this server loads and applications do without: asked for together, so that one command installs it. */
function packagesFor(config: Config): string[] {
  const { databaseUrl, settings } = config;
  return [
    '@nestjs/platform-fastify',
    // The page of the API, which is made of static files.
    ...(servesDocs(config) ? ['@nestjs/swagger', '@fastify/static'] : []),
    ...(databaseUrl === null ? ['embedded-postgres'] : []),
    ...(settings.redisUrl === null ? [] : ['redis']),
  ];
}

async function serve(
  config: Config,
  databaseUrl: string,
  embedded: EmbeddedPostgres | null,
): Promise<RunningServer> {
  // Found later, a wrong key would be logged by Nest with a stack before it is explained; so would one of the ring.
  loadConfiguredKeys(config.settings);
  await migrateOrExplain(databaseUrl, config);
  await withDataSource(databaseUrl, (database) => checkKeyRing(database, config.settings));
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.forRoot(config, databaseUrl),
    await createAdapter(),
    {
      abortOnError: false,
      logger: new ServerLogger({ json: config.nodeEnv === 'production' }),
    },
  );
  allowOrigins(app);
  configureApp(app);
  if (servesDocs(config)) await serveOpenApi(app);
  await app.init();
  if (config.usersFixture !== null) await app.get(UsersFixture).load(config.usersFixture);
  const demoLogin =
    config.nodeEnv === 'production' ? null : await app.get(DemoUser).createIfEmpty();
  await listen(app, config);
  const server: Server = app.getHttpServer();
  return {
    url: urlOf(server, config.host),
    demoLogin,
    stop: async () => {
      await drain(app, server);
      await embedded?.stop();
    },
  };
}

/** Whether the server describes itself at `/docs`: in production only where it is told to. */
export function servesDocs({ docs, nodeEnv }: Pick<Config, 'docs' | 'nodeEnv'>): boolean {
  return docs ?? nodeEnv !== 'production';
}

/** The configuration with the development key, where no key was given. */
export async function withSigningKey(config: Config): Promise<Config> {
  const { settings } = config;
  if (settings.signingKey !== '') return config;
  const signingKey = await developmentKey(config.dataDir, settings.algorithm);
  return { ...config, settings: { ...settings, signingKey } };
}

/**
 * Brings the schema up to date.
 *
 * @throws ConfigError when the database of `DATABASE_URL` cannot be used
 */
export async function migrateOrExplain(url: string, config: Config): Promise<void> {
  const mustBeClosed = config.settings.profile === 'secure' && config.nodeEnv === 'production';
  try {
    await migrate(dataSourceOptions(url, config.databasePoolSize), async (database) => {
      // In front of everything else: what somebody has planted would run with the first statement that meets it.
      await requireSound(database, 'auth_user', mustBeClosed);
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

async function listen(app: NestFastifyApplication, config: Config): Promise<void> {
  try {
    await app.listen(config.port, config.host);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    await app.close();
    if (code === 'EADDRINUSE') {
      throw new ConfigError([`PORT: ${config.port} is in use. Choose another one. Example: 3001`]);
    }
    if (code === 'EACCES') {
      throw new ConfigError([`PORT: this user may not listen on ${config.port}. Example: 3000`]);
    }
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
      throw new ConfigError([
        `HOST: ${config.host} is not an address of this machine. Example: 127.0.0.1`,
      ]);
    }
    throw error;
  }
}

function urlOf(server: Server, host: string): string {
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
