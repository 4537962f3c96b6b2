import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockDataDirectory } from '../../src/embedded-postgres/data-directory.js';
import { startEmbeddedPostgres } from '../../src/embedded-postgres/embedded-postgres.js';
import { findServer, stopServer } from '../../src/embedded-postgres/postgres-server.js';

/** A Postgres for one run of the tests. */
export interface TestPostgres {
  readonly url: string;
  /** Stops the server and removes its folder. */
  readonly stop: () => Promise<void>;
}

const PREFIX = 'nest-simplejwt-test-';

/** Starts an embedded Postgres in a folder of its own; whatever killed runs have left is cleared away first. */
export async function startTestPostgres(): Promise<TestPostgres> {
  await sweep();
  const folder = temporaryFolder();
  try {
    const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'data'), forTests: true });
    return {
      url: postgres.url,
      stop: async () => {
        await postgres.stop();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** A new folder below the system's temporary one; a later run removes it if this one is killed. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), PREFIX));
  // Started by root, Postgres runs as another user, who has to pass through.
  chmodSync(folder, 0o711);
  return folder;
}

/** A run that was killed could not stop its servers. Folders of runs that live are locked and stay. */
async function sweep(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const folder = join(tmpdir(), name);
    if (name.startsWith(PREFIX) && isOurs(folder)) await removeUnlessInUse(folder);
  }
}

async function removeUnlessInUse(folder: string): Promise<void> {
  const dataDir = join(folder, 'data');
  if (existsSync(join(dataDir, 'lock'))) {
    let unlock: () => void;
    try {
      unlock = lockDataDirectory(dataDir);
    } catch {
      return;
    }
    const server = await findServer(dataDir, performance.now() + 10_000);
    if (server) await stopServer(dataDir, server.pid);
    unlock();
  } else if (isYoung(folder)) {
    return;
  }
  rmSync(folder, { recursive: true, force: true });
}

function isOurs(folder: string): boolean {
  return statSync(folder, { throwIfNoEntry: false })?.uid === process.getuid?.();
}

/** A run that is only starting has not locked its folder yet. */
function isYoung(folder: string): boolean {
  const made = statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return Date.now() - made < 3_600_000;
}
