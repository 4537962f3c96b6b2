import type { LoggerService } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { AppModule } from '../../src/server/app.module.js';
import { createAdapter } from '../../src/server/adapter.js';
import { serveOpenApi } from '../../src/server/openapi.js';
import { configureApp } from '../../src/http/setup.js';
import { Clock } from '../../src/common/clock.js';
import { readEnvironment } from '../../src/config/environment.js';
import { PasswordHasher } from '../../src/passwords/password-hasher.js';
import { UsersService, type NewUser } from '../../src/users/users.service.js';
import { TestClient } from './client.js';
import { TEMPLATE, createDatabase, truncateTables } from './databases.js';
import { SIGNING_KEY } from './tokens.js';

/** A server inside of this process: for everything but signals and several servers at once. */
export interface TestServer {
  readonly url: string;
  readonly database: string;
  readonly client: TestClient;
  readonly app: NestFastifyApplication;
  /** Creates a user with this password in clear. */
  readonly createUser: (user: Partial<NewUser> & { username: string }) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** What may be different from a server that runs alone. */
export interface TestServerOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  readonly logger?: LoggerService | false;
}

const running = new Set<NestFastifyApplication>();

// A test that failed half-way must not leave its server behind: Jest would wait for it for ever.
afterAll(async () => {
  for (const app of running) await app.close();
});

/** The database of this worker, cloned from the migrated one; `truncateTables` empties it between tests. */
export function workerDatabase(): Promise<string> {
  return createDatabase(`worker_${process.env['JEST_WORKER_ID'] ?? '1'}`, TEMPLATE);
}

/**
 * Starts the application over HTTP on a free port, with the profile `parity` unless `env` says otherwise. One at a
 * time: Passport keeps its strategies for the whole process; two servers are two processes (`spawnServer`).
 */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const database = await workerDatabase();
  await truncateTables(database);
  const config = readEnvironment({
    DATABASE_URL: database,
    DATABASE_POOL_SIZE: '5',
    SIMPLE_JWT_PROFILE: 'parity',
    SIMPLE_JWT_SIGNING_KEY: SIGNING_KEY,
    ...options.env,
  });
  const builder = Test.createTestingModule({ imports: [AppModule.forRoot(config, database)] });
  if (options.clock) builder.overrideProvider(Clock).useValue(options.clock);
  const module = await builder.compile();
  const app = module.createNestApplication<NestFastifyApplication>(await createAdapter(), {
    logger: options.logger ?? false,
  });
  configureApp(app);
  await serveOpenApi(app);
  await app.listen(0, '127.0.0.1');
  running.add(app);
  const url = await app.getUrl();
  return {
    url,
    database,
    app,
    client: new TestClient(url),
    createUser: async (user) => {
      const password = await app.get(PasswordHasher).hash(user.password ?? '');
      await app.get(UsersService).createMissing({ ...user, password });
    },
    stop: async () => {
      running.delete(app);
      await app.close();
    },
  };
}
