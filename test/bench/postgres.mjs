import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { findProgram } from './programs.mjs';

/** A TCP port on 127.0.0.1 that is free now. */
export function freePort() {
  return new Promise((resolvePort, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolvePort(port));
    });
  });
}

/** Runs a program; what it says is shown only when it fails. */
export function run(program, args, options = {}) {
  return execFileSync(program, args, { encoding: 'utf8', stdio: 'pipe', ...options });
}

/** As `run`, while this process goes on with other things. */
export async function runAsync(program, args, options = {}) {
  return (await promisify(execFile)(program, args, options)).stdout;
}

/**
 * Starts a Postgres of its own with the defaults of its package, fsync on: Debian's programs, or the embedded one.
 *
 * @returns `{ port, version, pid, urlOf(database), connect(database), stop() }`
 */
export async function startPostgres({ folder, dist }) {
  const pgCtl = findProgram('pg_ctl');
  const server = pgCtl ? await startPackaged(pgCtl, folder) : await startEmbedded(dist, folder);
  const urlOf = (database) => Object.assign(new URL(server.url), { pathname: `/${database}` }).href;
  const connect = async (database) => {
    const client = new pg.Client({ connectionString: urlOf(database) });
    await client.connect();
    return client;
  };
  const admin = await connect('postgres');
  const { rows } = await admin.query("SELECT current_setting('server_version') AS version");
  return {
    ...server,
    port: Number(new URL(server.url).port),
    version: rows[0].version,
    urlOf,
    connect,
    createDatabase: (name) => admin.query(`CREATE DATABASE ${name}`),
    stop: async () => {
      await admin.end();
      await server.stop();
    },
  };
}

async function startPackaged(pgCtl, folder) {
  const initdb = findProgram('initdb');
  const data = join(folder, 'postgres');
  const log = join(folder, 'postgres.log');
  const port = await freePort();
  chmodSync(folder, 0o777);
  mkdirSync(data);
  // Postgres refuses to run as root.
  const isRoot = process.getuid() === 0;
  if (isRoot) run('chown', ['postgres:', data]);
  const asOwner = (program, args) =>
    isRoot
      ? run('setpriv', ['--reuid=postgres', '--regid=postgres', '--clear-groups', program, ...args])
      : run(program, args);
  asOwner(initdb, [
    '-D',
    data,
    '-U',
    'app',
    '-A',
    'trust',
    '-E',
    'UTF8',
    '--locale=C',
    '--no-sync',
  ]);
  const options = `-p ${port} -c listen_addresses=127.0.0.1 -k ${data} -c max_connections=200`;
  // Postgres would inherit the pipes of this call and keep them open.
  const start = ['-D', data, '-w', '-s', '-l', log, '-o', options, 'start'];
  asOwner('sh', ['-c', '"$0" "$@" </dev/null >/dev/null 2>&1', pgCtl, ...start]);
  return {
    url: `postgres://app@127.0.0.1:${port}/postgres`,
    pid: Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]),
    stop: async () => void asOwner(pgCtl, ['-D', data, '-m', 'fast', '-w', '-s', 'stop']),
  };
}

async function startEmbedded(dist, folder) {
  const module = pathToFileURL(resolve(dist, 'database/embedded-postgres.js')).href;
  const { startEmbeddedPostgres } = await import(module);
  const { url, stop } = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres') });
  return { url, stop, pid: null };
}
