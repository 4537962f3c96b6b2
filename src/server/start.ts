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
import { favourSpeed, stopOnSignal } from './process.js';
import { DemoUser, type DemoLogin } from './demo-user.js';
import { UsersFixture } from './users-fixture.js';
import { developmentKey } from '../keys/generate-key.js';
import type { Config } from '../config/environment.js';
import { requirePackages } from '../config/optional-packages.js';
import { ConfigError } from '../config/config-error.js';
import { updateSchema, withDataSource } from './data-source.js';
import {
  startEmbeddedPostgres,
  type EmbeddedPostgres,
} from '../embedded-postgres/embedded-postgres.js';
import { checkKeyRing } from '../keys/key-encryption.js';
import { loadConfiguredKeys } from '../keys/configured-keys.js';

/** A server that answers. */
interface RunningServer {
  /** `http://host:port` */
  readonly url: string;
  /** User name and password that this start created; null when there were users already. */
  readonly demoLogin: DemoLogin | null;
  /** Answers the requests that have arrived, then stops everything that `startServer` started. */
  readonly stop: () => Promise<void>;
}

/**
 * Runs the server until SIGTERM or SIGINT, and tells the operator its address. `dist/main.js` and the command without
 * arguments call this function.
 *
 * @throws ConfigError or EmbeddedPostgresError with what the operator has to change
 */
export async function runServer(config: Config): Promise<void> {
  const server = await startServer(config);
  stopOnSignal(server.stop);
  favourSpeed();
  process.stdout.write(`${greeting(server, config)}\n`);
}

/**
 * Starts the whole server: database, schema, users, HTTP.
 *
 * @throws ConfigError with what the operator has to change
 */
async function startServer(config: Config): Promise<RunningServer> {
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

/** The packages that only the server loads. They are checked together, so that one command installs all of them. */
function packagesFor(config: Config): string[] {
  const { databaseUrl, settings } = config;
  return [
    '@nestjs/platform-fastify',
    // The page under /docs consists of static files.
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
  // Before Nest starts: Nest would log a wrong key with a stack. The same holds for the check of the key ring below.
  loadConfiguredKeys(config.settings);
  await updateSchema(databaseUrl, config);
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

/** Whether the server describes itself at `/docs`: in production only with `DOCS=true`. */
function servesDocs({ docs, nodeEnv }: Pick<Config, 'docs' | 'nodeEnv'>): boolean {
  return docs ?? nodeEnv !== 'production';
}

/** The configuration; without a signing key in it, the key of the folder `DATA_DIR` is added. */
export async function withSigningKey(config: Config): Promise<Config> {
  const { settings } = config;
  if (settings.signingKey !== '') return config;
  const signingKey = await developmentKey(config.dataDir, settings.algorithm);
  return { ...config, settings: { ...settings, signingKey } };
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

function greeting(server: RunningServer, config: Config): string {
  const lines = [`nest-simplejwt listens on ${server.url}`];
  if (servesDocs(config)) lines.push(`  API documentation: ${server.url}/docs`);
  if (server.demoLogin) {
    const { username, password } = server.demoLogin;
    lines.push(
      `  A user to try it with (shown once): ${username} / ${password}`,
      '  Log in with:',
      `  curl -s ${server.url}/login/simpleJWT -H 'Content-Type: application/json' -d '${JSON.stringify({ username, password })}'`,
    );
  }
  return lines.join('\n');
}
