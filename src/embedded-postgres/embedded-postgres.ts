import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { escapeIdentifier } from 'pg';
import { lockDataDirectory, openDataDirectory } from './data-directory.js';
import { EmbeddedPostgresError, codeOf } from './embedded-postgres-error.js';
import { preparePostgresPrograms } from './postgres-binaries.js';
import { ROLE, clusterPath, createCluster, openPassword } from './postgres-cluster.js';
import {
  type Postmaster,
  findServer,
  signalServer,
  startServer,
  stopServer,
} from './postgres-server.js';
import { VerifyingClient } from '../database/verifying-client.js';
import { watchServer } from './postgres-watch.js';

export { EmbeddedPostgresError };

/** A running embedded database. */
export interface EmbeddedPostgres {
  /** `postgres://…` with the password; the role owns the database and may create more. */
  readonly url: string;
  /** Stops the server, also one that was taken over from a killed process, and unlocks the data directory. */
  stop(): Promise<void>;
}

/** Where and how the embedded database runs. */
export interface EmbeddedPostgresOptions {
  /** Folder of the cluster, its password, log and lock; created if missing. Relative to the working directory. */
  dataDir: string;
  /** Trades durability for speed: a crash of the machine may cost the whole database. */
  forTests?: boolean;
  /** Created if missing; `simplejwt` by default. */
  database?: string;
  /** Receives a sentence for each step. */
  log?: (line: string) => void;
  /** Receives a sentence when the server has died and when it cannot be started again. */
  warn?: (line: string) => void;
  /** TCP port on 127.0.0.1; by default a free one. A server that is taken over keeps its port. */
  port?: number;
}

/** Limit for the whole start with the first connection, in ms. */
const TIME_LIMIT = 30_000;

/** Error codes of a server that is starting or stopping. */
const TRANSIENT = new Set(['ECONNREFUSED', 'ECONNRESET', '57P01', '57P03', '53300']);

/**
 * Runs the Postgres that npm installed on a folder. The first start creates the cluster; a later one takes over a server
 * that a killed process left running. Other users have no access: the server listens on 127.0.0.1 only, has no socket,
 * and demands a random password.
 *
 * @throws EmbeddedPostgresError for everything that an operator can mend
 */
export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  if (process.platform === 'win32') {
    throw new EmbeddedPostgresError(
      'The embedded database runs on Linux and macOS only; set DATABASE_URL to a Postgres server.',
    );
  }
  const dataDirectory = openDataDirectory(options.dataDir);
  const unlock = lockDataDirectory(dataDirectory);
  try {
    return await startLocked(options, dataDirectory, unlock);
  } catch (error) {
    unlock();
    throw asOperatorError(error, dataDirectory);
  }
}

async function startLocked(
  options: EmbeddedPostgresOptions,
  dataDirectory: string,
  unlock: () => void,
): Promise<EmbeddedPostgres> {
  const { forTests = false, database = ROLE, log = () => undefined, port } = options;
  const { warn = () => undefined } = options;
  const deadline = performance.now() + TIME_LIMIT;
  const programs = preparePostgresPrograms(dataDirectory);
  const password = openPassword(dataDirectory);
  const cluster = { dataDirectory, programs, forTests };
  if (!existsSync(clusterPath(dataDirectory))) {
    log(`Creating an embedded database in ${dataDirectory}`);
    await createCluster(cluster, password);
  }
  let isOurs = false;
  for (;;) {
    const found = await findServer(dataDirectory, deadline);
    isOurs ||= found === null;
    const server = found ?? (await startServer({ ...cluster, port }, deadline));
    let { pid } = server;
    const onExit = (): void => signalServer(dataDirectory, pid, 'SIGINT');
    process.once('exit', onExit);
    const stop = async (): Promise<void> => {
      process.removeListener('exit', onExit);
      await stopServer(dataDirectory, pid);
    };
    try {
      await ensureDatabase(server, password, database);
    } catch (error) {
      process.removeListener('exit', onExit);
      if (isTransient(error) && performance.now() < deadline) {
        await sleep(100);
        continue;
      }
      if (isOurs) await stop();
      throw error;
    }
    log(
      `Embedded database ${isOurs ? 'started' : 'taken over'} (port ${server.port}, pid ${server.pid})`,
    );
    const watch = watchServer(cluster, server, {
      onRestart: (next) => {
        pid = next.pid;
      },
      warn,
    });
    let stopped: Promise<void> | undefined;
    return {
      url: addressOf(server, password, database),
      stop: () => (stopped ??= watch.end().then(stop).finally(unlock)),
    };
  }
}

/** The address demands SCRAM, by which a server proves that it knows the password: another program may take the port. */
function addressOf({ port }: Postmaster, password: string, database: string): string {
  return `postgres://${ROLE}:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}?require_auth=scram-sha-256`;
}

async function ensureDatabase(
  server: Postmaster,
  password: string,
  database: string,
): Promise<void> {
  const client = new VerifyingClient({
    connectionString: addressOf(server, password, 'postgres'),
    // Whatever PG* variables in the environment say.
    ssl: false,
    connectionTimeoutMillis: 5000,
  });
  // A broken connection also rejects the query below; an `error` event without a listener would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [
      database,
    ]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${escapeIdentifier(database)}`);
  } finally {
    await client.end();
  }
}

function isTransient(error: unknown): boolean {
  return TRANSIENT.has(codeOf(error));
}

function asOperatorError(error: unknown, dataDirectory: string): unknown {
  const code = codeOf(error);
  if (code === '28P01') {
    return new EmbeddedPostgresError(
      `The database in DATA_DIR ${dataDirectory} does not accept the password kept in postgres-password there; ` +
        'restore that file, or remove the folder to begin with an empty database.',
      { cause: error },
    );
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new EmbeddedPostgresError(
      `DATA_DIR ${dataDirectory} holds files of another user; start as the user who made it, ` +
        'set another DATA_DIR, or set DATABASE_URL.',
      { cause: error },
    );
  }
  if (code === '' || error instanceof EmbeddedPostgresError) return error;
  return new EmbeddedPostgresError(
    `The embedded database in DATA_DIR ${dataDirectory} cannot be used (${String(error)}); mend that, ` +
      'or set DATABASE_URL.',
    { cause: error },
  );
}
