import { accessSync, constants, readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';

/** Programs and the Debian packages that bring them. */
const PACKAGES = {
  taskset: 'util-linux',
  wrk: 'wrk',
  pgbench: 'postgresql',
  pg_ctl: 'postgresql',
  initdb: 'postgresql',
};

/** The folder of Debian's newest Postgres programs, which are not on the path. */
function postgresFolder() {
  const root = '/usr/lib/postgresql';
  try {
    const versions = readdirSync(root).toSorted((one, other) => Number(other) - Number(one));
    return versions
      .map((version) => join(root, version, 'bin'))
      .find((folder) => isIn(folder, 'pg_ctl'));
  } catch {
    return undefined;
  }
}

function isIn(folder, name) {
  try {
    accessSync(join(folder, name), constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Where a program is, or null. Postgres programs come from one folder, so that their versions agree. */
export function findProgram(name) {
  const folders = [postgresFolder(), ...(process.env.PATH ?? '').split(':')].filter(Boolean);
  const folder = folders.find((candidate) => isIn(candidate, name));
  if (!folder) return null;
  const path = join(folder, name);
  // Debian's wrapper chooses a cluster by itself; without the programs that it wraps it is of no use.
  return realpathSync(path).endsWith('pg_wrapper') ? null : path;
}

/** Paths of all these programs; says what to install and exits 1 when one is missing. */
export function needPrograms(names) {
  const found = Object.fromEntries(names.map((name) => [name, findProgram(name)]));
  const missing = names.filter((name) => found[name] === null);
  if (missing.length === 0) return found;
  const packages = [...new Set(missing.map((name) => PACKAGES[name]))];
  console.error(
    `Missing: ${missing.join(', ')}. On Debian or Ubuntu:\n  apt-get install ${packages.join(' ')}`,
  );
  process.exit(1);
}
