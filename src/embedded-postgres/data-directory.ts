import { randomBytes } from 'node:crypto';
import {
  accessSync,
  constants,
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { EmbeddedPostgresError, codeOf } from './embedded-postgres-error.js';
import { findProcessIdentity, isRunning } from './processes.js';

/** The process that holds a data directory. `nonce` is new for every attempt, so that no two claims are equal. */
interface Owner {
  readonly pid: number;
  readonly identity: string | null;
  readonly nonce: string;
}

const REASONS: Record<string, string> = {
  EEXIST: 'it is not a folder',
  ENOENT: 'a part of its path cannot be made',
  ENOTDIR: 'a part of its path is not a folder',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'its file system is read-only',
  ENOSPC: 'the disk is full',
};

/**
 * Makes the folder if it is missing and returns its real path.
 *
 * @throws EmbeddedPostgresError when it cannot be made or written
 */
export function openDataDirectory(path: string): string {
  const directory = resolve(path);
  // Started by root, Postgres runs as another user, who must be able to enter the folder; no other user may list it.
  const mode = process.getuid?.() === 0 ? 0o711 : 0o700;
  try {
    mkdirSync(directory, { recursive: true, mode });
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
    return realpathSync(directory);
  } catch (error) {
    throw unusable(directory, error);
  }
}

function unusable(directory: string, error: unknown): EmbeddedPostgresError {
  const code = codeOf(error);
  return new EmbeddedPostgresError(
    `DATA_DIR ${directory} cannot be used: ${REASONS[code] ?? String(error)}; ` +
      'set DATA_DIR to a folder this user may write, or set DATABASE_URL.',
    { cause: error },
  );
}

/**
 * Locks the folder for this process and returns the function that unlocks it. The lock is the file `<directory>/lock`.
 *
 * A claim is created complete and under its final name, by `link`, which succeeds for one process only. The lock of a
 * dead owner is not removed first, since two processes could then remove each other's lock: the new owner first claims
 * `lock.after-<nonce of the dead owner>`, and then replaces the lock by its claim.
 *
 * Postgres's `postmaster.pid` cannot do this work: a folder must be locked before it has a cluster, and the server that a
 * killed process left must be taken over by one process only.
 *
 * @throws EmbeddedPostgresError when a live process holds it
 */
export function lockDataDirectory(directory: string): () => void {
  const lock = join(directory, 'lock');
  const mine: Owner = {
    pid: process.pid,
    identity: findProcessIdentity(process.pid),
    nonce: randomBytes(8).toString('hex'),
  };
  const draft = `${lock}.draft-${mine.nonce}`;
  try {
    const content = [mine.pid, mine.identity ?? '', mine.nonce].join('\n');
    writeFileSync(draft, content, { mode: 0o600, flush: true });
    for (;;) {
      const owner = findOwner(lock);
      if (owner && isHeld(owner)) throw held(directory, owner);
      const claim = owner ? `${lock}.after-${owner.nonce}` : lock;
      if (!claimed(draft, claim)) continue;
      // Another process may have replaced the owner since it was read; then this claim is void.
      if (findOwner(lock)?.nonce === mine.nonce) break;
      rmSync(claim, { force: true });
    }
    settle(directory, draft);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error instanceof EmbeddedPostgresError ? error : unusable(directory, error);
  }
  return () => {
    if (readOwner(lock)?.nonce === mine.nonce) rmSync(lock, { force: true });
  };
}

/** The current owner: the last of the claims that follow one another from the lock. */
function findOwner(lock: string): Owner | null {
  let owner: Owner | null = null;
  for (let next = readOwner(lock); next; next = readOwner(`${lock}.after-${next.nonce}`)) {
    owner = next;
  }
  return owner;
}

function readOwner(file: string): Owner | null {
  try {
    const [pid, identity, nonce] = readFileSync(file, 'utf8').split('\n');
    // A claim is created complete: an incomplete one is the result of a power cut, which ended its owner too.
    return { pid: Number(pid), identity: identity || null, nonce: nonce || 'torn' };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

function isHeld({ pid, identity }: Owner): boolean {
  if (!(pid > 0) || !isRunning(pid)) return false;
  return identity === null || identity === (findProcessIdentity(pid) ?? identity);
}

function claimed(draft: string, claim: string): boolean {
  try {
    linkSync(draft, claim);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Replaces the lock by the claim of this process, then removes the claims that led to it. */
function settle(directory: string, draft: string): void {
  renameSync(draft, join(directory, 'lock'));
  // A rename between two names of one file does nothing: in that case the draft still exists.
  rmSync(draft, { force: true });
  for (const name of readdirSync(directory)) {
    if (name.startsWith('lock.after-')) rmSync(join(directory, name), { force: true });
  }
}

function held(directory: string, { pid }: Owner): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `DATA_DIR ${directory} is in use by process ${pid}; stop that process, or set another DATA_DIR or ` +
      'DATABASE_URL for this one.',
  );
}
