import type { DataSource } from 'typeorm';

/** What is done by one node at a time, and the key of its Postgres advisory lock (any fixed number). */
const LOCKS = {
  migrate: 7_261_905_201,
  flush: 7_261_905_202,
  rotateKeys: 7_261_905_203,
} as const;

/** Runs the work when no other node is at it, on a connection that holds the lock; null when another one is. */
export async function tryWithAdvisoryLock<T>(
  database: DataSource,
  lock: keyof typeof LOCKS,
  work: () => Promise<T>,
): Promise<T | null> {
  const runner = database.createQueryRunner();
  try {
    const [row] = (await runner.query('SELECT pg_try_advisory_lock($1) AS taken', [
      LOCKS[lock],
    ])) as { taken: boolean }[];
    if (!row?.taken) return null;
    try {
      return await work();
    } finally {
      await runner.query('SELECT pg_advisory_unlock($1)', [LOCKS[lock]]);
    }
  } finally {
    await runner.release();
  }
}

/** Runs the work once every other node is done with it, on a connection that holds the lock. */
export async function withAdvisoryLock<T>(
  database: DataSource,
  lock: keyof typeof LOCKS,
  work: () => Promise<T>,
): Promise<T> {
  const runner = database.createQueryRunner();
  try {
    await runner.query('SELECT pg_advisory_lock($1)', [LOCKS[lock]]);
    try {
      return await work();
    } finally {
      await runner.query('SELECT pg_advisory_unlock($1)', [LOCKS[lock]]);
    }
  } finally {
    await runner.release();
  }
}
