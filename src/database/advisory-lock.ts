import type { DataSource, QueryRunner } from 'typeorm';

/** What is done by one node at a time, and the key of its Postgres advisory lock (any fixed number). */
const LOCKS = {
  migrate: 7_261_905_201,
  flush: 7_261_905_202,
  rotateKeys: 7_261_905_203,
} as const;

type Lock = keyof typeof LOCKS;

/** Runs the work when no other node is at it, while a connection holds the lock; null when another one is. */
export function tryWithAdvisoryLock<T>(
  database: DataSource,
  lock: Lock,
  work: () => Promise<T>,
): Promise<T | null> {
  return inLockingTransaction(database, async (runner) => {
    const [row] = (await runner.query('SELECT pg_try_advisory_xact_lock($1) AS taken', [
      LOCKS[lock],
    ])) as { taken: boolean }[];
    return row?.taken ? work() : null;
  });
}

/** Runs the work once every other node is done with it, while a connection holds the lock. */
export function withAdvisoryLock<T>(
  database: DataSource,
  lock: Lock,
  work: () => Promise<T>,
): Promise<T> {
  return inLockingTransaction(database, async (runner) => {
    await runner.query('SELECT pg_advisory_xact_lock($1)', [LOCKS[lock]]);
    return work();
  });
}

/**
 * The lock belongs to a transaction, which does nothing else: one of the session would stay behind on whatever connection
 * a pooler (PgBouncer's transaction mode) had chosen for it.
 */
async function inLockingTransaction<T>(
  database: DataSource,
  work: (runner: QueryRunner) => Promise<T>,
): Promise<T> {
  const runner = database.createQueryRunner();
  try {
    await runner.startTransaction('READ COMMITTED');
    // It is idle for as long as the work takes.
    await runner.query('SET LOCAL idle_in_transaction_session_timeout = 0');
    try {
      return await work(runner);
    } finally {
      await runner.rollbackTransaction();
    }
  } finally {
    await runner.release();
  }
}
