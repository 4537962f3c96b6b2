import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  lchownSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { EmbeddedPostgresError, codeOf } from './embedded-postgres-error.js';
import type { PostgresPrograms } from './postgres-binaries.js';

/** The role of the connection URL. It may create databases and is not a superuser. */
export const ROLE = 'simplejwt';

/** Where and how a cluster is created and run. */
export interface ClusterOptions {
  readonly dataDirectory: string;
  readonly programs: PostgresPrograms;
  /** Whether a power cut may destroy the files. */
  readonly forTests: boolean;
}

/** The cluster's folder, whether or not it exists. */
export function clusterPath(dataDirectory: string): string {
  return join(dataDirectory, 'postgres');
}

/**
 * Reads the password of `ROLE`; generates one while there is no cluster.
 *
 * @throws EmbeddedPostgresError when there is a cluster without its password
 */
export function openPassword(dataDirectory: string): string {
  const file = join(dataDirectory, 'postgres-password');
  const kept = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  if (kept !== '') return kept;
  if (existsSync(clusterPath(dataDirectory))) {
    throw new EmbeddedPostgresError(
      `The database in DATA_DIR ${dataDirectory} has lost its password file ${file}; restore the file, or remove ` +
        'the folder to begin with an empty database.',
    );
  }
  const password = randomBytes(24).toString('base64url');
  rmSync(file, { force: true });
  writeFileSync(file, `${password}\n`, { mode: 0o600, flag: 'wx', flush: true });
  return password;
}

/**
 * Creates the cluster. It is prepared under another name and renamed when it is complete, so that an interrupted
 * start never leaves a folder that looks like a database.
 *
 * @throws EmbeddedPostgresError with the end of the program's output
 */
export async function createCluster(options: ClusterOptions, password: string): Promise<void> {
  const { dataDirectory, programs, forTests } = options;
  for (const name of readdirSync(dataDirectory)) {
    if (!name.startsWith('postgres.new-')) continue;
    rmSync(join(dataDirectory, name), { recursive: true, force: true, maxRetries: 5 });
  }
  const draft = join(dataDirectory, `postgres.new-${randomBytes(4).toString('hex')}`);
  mkdirSync(draft, { mode: 0o700 });
  // lchown: if the name has become a link, the owner of its target must not change.
  if (programs.account) lchownSync(draft, programs.account.uid, programs.account.gid);
  await run(programs, 'initdb', [
    `--pgdata=${draft}`,
    '--username=postgres',
    '--encoding=UTF8',
    '--locale=C',
    // No connection is allowed until the rule below is written.
    '--auth=reject',
    '--no-instructions',
    ...(forTests ? ['--no-sync'] : []),
  ]);
  // The superuser has no password and no rule: only the operating system's user reaches it, in single-user mode.
  const rule = `host all ${ROLE} 127.0.0.1/32 scram-sha-256\n`;
  overwrite(join(draft, 'pg_hba.conf'), rule);
  const settings = ['-c', 'exit_on_error=on', ...(forTests ? ['-c', 'fsync=off'] : [])];
  const sql = `CREATE ROLE ${ROLE} LOGIN CREATEDB PASSWORD '${password}'\n`;
  await run(
    programs,
    'postgres',
    ['--single', '-D', draft, ...settings, 'postgres'],
    sql,
    password,
  );
  renameSync(draft, clusterPath(dataDirectory));
}

/** Replaces a file's content, never through a link: root writes here in the folder of a user with fewer rights. */
export function overwrite(file: string, content: string): void {
  const flags = constants.O_WRONLY | constants.O_TRUNC | constants.O_NOFOLLOW;
  const descriptor = openSync(file, flags);
  try {
    writeFileSync(descriptor, content, { flush: true });
  } finally {
    closeSync(descriptor);
  }
}

async function run(
  programs: PostgresPrograms,
  program: 'initdb' | 'postgres',
  args: string[],
  input = '',
  secret = '',
): Promise<void> {
  const child = programs.spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  const collect = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout?.on('data', collect);
  child.stderr?.on('data', collect);
  // A program that ends before it has read its input gives the reason in its output; EPIPE adds nothing.
  child.stdin?.on('error', () => undefined).end(input);
  const timer = setTimeout(() => child.kill('SIGKILL'), 30_000);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject).once('close', resolve);
    });
    if (code !== 0) throw new Error(code === null ? 'it was killed or took over 30 s' : output);
  } catch (error) {
    const reason = explain(error);
    throw new EmbeddedPostgresError(
      `The embedded database could not be created (${program}: ` +
        `${secret ? reason.replaceAll(secret, '***') : reason}); mend that, or set DATABASE_URL.`,
    );
  } finally {
    clearTimeout(timer);
  }
}

/** For a message: why a program could not be run, or the last lines of its output. */
export function explain(error: unknown): string {
  const code = codeOf(error);
  // The file exists: what is missing is the loader that the file names.
  if (code === 'ENOENT') return 'the binaries need glibc, which this system lacks';
  if (code === 'EACCES') return 'the file may not be executed by the user it must run as';
  const message = error instanceof Error ? error.message : String(error);
  if (message.includes('No space left on device')) return 'the disk is full';
  if (message.includes('could not look up effective user')) {
    return 'Postgres demands that the user it runs as has an entry in /etc/passwd';
  }
  return lastLines(message, 4);
}

/** The last lines that are not empty, joined into one line for a message. */
export function lastLines(text: string, count: number): string {
  // The time and the pid at the head of a log line mean nothing in a message.
  const lines = text.split('\n').map((line) => line.replace(/^\d{4}-\S+ .*?\[\d+\] /, '').trim());
  return lines
    .filter((line) => line !== '')
    .slice(-count)
    .join(' | ');
}
