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

/** Whoever holds a data directory. `nonce` is new for every attempt, so that no two claims look alike. */
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
  // Root's server runs as somebody else, who must be able to pass through; nobody may list the folder.
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
 * Takes the folder for this process and returns the function that gives it back. The lock is `<directory>/lock`.
 *
 * A claim always appears under its final name with its content, by `link`, which only one process can win. The
 * lock of a dead owner is never removed first, since two processes could then remove each other's: the heir
 * claims `lock.after-<the dead owner's nonce>`, and only then puts its own claim in the lock's place.
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
      // The owner just read may have been replaced meanwhile, and then this claim follows nobody.
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

/** The last in the line of heirs that starts at the lock. */
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
    // Claims appear whole; a torn one is what a power cut left, and its owner is gone with it.
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

/** Puts the winner's claim in the lock's place, then clears the claims that led there. */
function settle(directory: string, draft: string): void {
  renameSync(draft, join(directory, 'lock'));
  // A rename between two names of one file does nothing, so the draft may still be there.
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
