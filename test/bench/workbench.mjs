import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from './postgres.mjs';

/**
 * A folder and a Postgres for one run. Whatever is added to `started` is stopped, and the folder removed, when the work
 * is over, fails, or is interrupted.
 */
export async function withWorkbench({ dist }, work) {
  const folder = mkdtempSync(join(tmpdir(), 'nest-simplejwt-bench-'));
  chmodSync(folder, 0o755);
  const started = [];
  let isCleared = false;
  const clear = async () => {
    if (isCleared) return;
    isCleared = true;
    for (const { stop } of started.toReversed()) await stop();
    rmSync(folder, { recursive: true, force: true });
  };
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      void clear().finally(() => process.exit(1));
    });
  }
  try {
    const postgres = await startPostgres({ folder, dist });
    started.push(postgres);
    await work({ folder, postgres, started });
  } finally {
    await clear();
  }
}
