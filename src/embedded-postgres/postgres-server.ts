import { closeSync, existsSync, openSync, readFileSync, renameSync } from 'node:fs';
import { createServer } from 'node:net';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedPostgresError, codeOf } from './embedded-postgres-error.js';
import {
  type ClusterOptions,
  clusterPath,
  explain,
  lastLines,
  overwrite,
} from './postgres-cluster.js';
import { findCommandLine, isRunning } from './processes.js';

/** A server as its `postmaster.pid` describes it. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly isReady: boolean;
}

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '60',
  shared_buffers: '32MB',
  max_wal_size: '256MB',
  min_wal_size: '32MB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_logical_replication_workers: '0',
  // Three processes fewer than the default: a small database gains nothing from I/O workers.
  io_method: 'sync',
  jit: 'off',
  log_checkpoints: 'off',
};
const TEST_SETTINGS = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' };

/** Whether this process exists and is the server of the cluster. */
export function isServing(dataDirectory: string, pid: number): boolean {
  return isRunning(pid) && isPostmaster(pid, clusterPath(dataDirectory));
}

/** Finds the server that runs on the cluster, if any; waits while it starts or stops. */
export async function findServer(
  dataDirectory: string,
  deadline: number,
): Promise<Postmaster | null> {
  const cluster = clusterPath(dataDirectory);
  for (;;) {
    const postmaster = readPostmaster(cluster);
    if (!postmaster || !isRunning(postmaster.pid)) return null;
    if (!isPostmaster(postmaster.pid, cluster)) {
      disownPid(cluster);
      return null;
    }
    if (postmaster.isReady) return postmaster;
    if (performance.now() > deadline) throw overdue(dataDirectory);
    await sleep(20);
  }
}

/**
 * Starts a server and waits until it is ready. After a crash, processes of the old server may not have ended yet; the
 * start is then repeated for up to 10 s.
 *
 * @throws EmbeddedPostgresError with the last lines of the server's log
 */
export async function startServer(
  options: ClusterOptions & { port?: number },
  deadline: number,
): Promise<Postmaster> {
  const hasCrashed = existsSync(join(clusterPath(options.dataDirectory), 'postmaster.pid'));
  const patience = Math.min(deadline, performance.now() + 10_000);
  for (;;) {
    const outcome = await tryStart(options, options.port ?? (await freePort()), deadline);
    if (typeof outcome !== 'string') return outcome;
    const isPortTaken = options.port === undefined && outcome.includes('Address already in use');
    if (!(hasCrashed || isPortTaken) || performance.now() > patience) {
      throw new EmbeddedPostgresError(
        `The embedded database in DATA_DIR ${options.dataDirectory} does not start: ${outcome}; ` +
          'mend that (postgres.log in the folder says more), or set DATABASE_URL.',
      );
    }
    await sleep(300);
  }
}

/** @returns the server, or why it ended */
async function tryStart(
  { dataDirectory, programs, forTests }: ClusterOptions,
  port: number,
  deadline: number,
): Promise<Postmaster | string> {
  const cluster = clusterPath(dataDirectory);
  const settings = { ...SETTINGS, ...(forTests ? TEST_SETTINGS : {}), port: String(port) };
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const logFile = join(dataDirectory, 'postgres.log');
  if (existsSync(logFile)) renameSync(logFile, `${logFile}.1`);
  const log = openSync(logFile, 'wx', 0o600);
  // Detached: Ctrl-C in the terminal must reach Node only, which has requests to finish.
  const child = programs.spawn('postgres', ['-D', cluster, ...args], {
    stdio: ['ignore', log, log],
    detached: true,
  });
  closeSync(log);
  child.unref();
  const failure = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(explain(error)));
  });
  if (child.pid === undefined) return failure;
  while (child.exitCode === null && child.signalCode === null) {
    // Only the owner of the cluster can write this file: the password does not go to a foreign program on the port.
    const postmaster = readPostmaster(cluster);
    if (postmaster?.pid === child.pid && postmaster?.isReady) return postmaster;
    if (performance.now() > deadline) {
      child.kill('SIGQUIT');
      throw overdue(dataDirectory);
    }
    await sleep(10);
  }
  return lastLines(readFileSync(logFile, 'utf8'), 5) || 'it gave no reason';
}

/**
 * Stops a server: disconnects its clients and writes its data. Returns when the process has ended.
 *
 * @throws EmbeddedPostgresError when it does not end
 */
export async function stopServer(dataDirectory: string, pid: number): Promise<void> {
  const cluster = clusterPath(dataDirectory);
  const start = performance.now();
  signalServer(dataDirectory, pid, 'SIGINT');
  for (let hurried = false; isRunning(pid) && isPostmaster(pid, cluster); await sleep(10)) {
    const waited = performance.now() - start;
    if (waited > 20_000 && !hurried) {
      // Immediate shutdown: the next start replays the log, as it does after a power cut.
      signalServer(dataDirectory, pid, 'SIGQUIT');
      hurried = true;
    }
    if (waited > 30_000) {
      throw new EmbeddedPostgresError(
        `The embedded database in DATA_DIR ${dataDirectory} does not stop; end process ${pid} yourself.`,
      );
    }
  }
}

/** Signals the server, unless it has ended; `SIGINT` is Postgres's fast shutdown. */
export function signalServer(dataDirectory: string, pid: number, signal: NodeJS.Signals): void {
  if (!isRunning(pid) || !isPostmaster(pid, clusterPath(dataDirectory))) return;
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error;
  }
}

function readPostmaster(cluster: string): Postmaster | null {
  try {
    const lines = readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n');
    const isReady = lines[7]?.trim() === 'ready';
    return { pid: Number(lines[0]), port: Number(lines[3]), isReady };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Whether the process is the server of this cluster; true where the platform does not tell (macOS). */
function isPostmaster(pid: number, cluster: string): boolean {
  const line = findCommandLine(pid);
  if (!line) return true;
  return basename(line[0] ?? '') === 'postgres' && line.includes(cluster);
}

/**
 * After a reboot the pid file may name a process that is not Postgres, and Postgres would refuse to start. Postgres
 * ignores the pid of its parent, so the pid of this process is written into the file; the rest of the file stays, since
 * Postgres finds remaining processes of the old server by it.
 */
function disownPid(cluster: string): void {
  const file = join(cluster, 'postmaster.pid');
  overwrite(file, readFileSync(file, 'utf8').replace(/^\d+/, String(process.pid)));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

function overdue(dataDirectory: string): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `The embedded database in DATA_DIR ${dataDirectory} was not ready after 30 s; see postgres.log in the ` +
      'folder, or set DATABASE_URL.',
  );
}
