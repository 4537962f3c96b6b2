import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { DataSource, QueryRunner } from 'typeorm';
import { ConfigError } from '../config/config-error.js';
import { findLockHolder, holderText, type LockHolder } from './lock-holder.js';

/** What is done by one node at a time, and the key of its Postgres advisory lock (any fixed number). */
const LOCKS = {
  migrate: 7_261_905_201,
  flush: 7_261_905_202,
  rotateKeys: 7_261_905_203,
} as const;

type Lock = keyof typeof LOCKS;

/** Between two attempts to take a lock, ms. */
const PAUSE = 100;
/** How long a lock is waited for without a word, ms. */
const SILENCE = 2000;
/** How long it is waited for at all, ms. */
const PATIENCE = 60_000;

const logger = new Logger('AdvisoryLock');
/** The process that was last told of as a stranger on the lock. */
const told = new Map<Lock, number>();

/**
 * Runs the work when no other node is at it, while a connection holds the lock; null when another one is.
 *
 * Any role that may connect to the database can take the lock too, and keep it. It only spares work: nothing goes wrong when two
 * nodes do it at once, so a stranger is told of and not waited for.
 */
export function tryWithAdvisoryLock<T>(
  database: DataSource,
  lock: Lock,
  work: () => Promise<T>,
): Promise<T | null> {
  return inLockingTransaction(database, async (runner) => {
    if (await take(runner, lock)) return work();
    const holder = await findLockHolder(runner, LOCKS[lock]);
    if (holder === null || holder.isOurs) return null;
    if (told.get(lock) !== holder.pid) {
      logger.warn(
        `the lock "${lock}" is held by ${holderText(holder)}, which is no server of this role; the work is done without it`,
      );
    }
    told.set(lock, holder.pid);
    return work();
  });
}

/**
 * Runs the work once every other node is done with it, while a connection holds the lock. A wait of more than two seconds
 * is told, with the holder of the lock.
 *
 * @param patience - ms
 * @throws ConfigError that says who holds it, when patience is over
 */
export function withAdvisoryLock<T>(
  database: DataSource,
  lock: Lock,
  work: () => Promise<T>,
  patience = PATIENCE,
): Promise<T> {
  return inLockingTransaction(database, async (runner) => {
    const start = performance.now();
    for (let isTold = false; !(await take(runner, lock)); await sleep(PAUSE)) {
      const waited = performance.now() - start;
      if (waited < Math.min(SILENCE, patience) || (isTold && waited < patience)) continue;
      const holder = await findLockHolder(runner, LOCKS[lock]);
      if (waited >= patience) throw overdue(lock, holder, patience);
      if (holder === null) continue;
      logger.warn(`waiting for the lock "${lock}", which is held by ${holderText(holder)}`);
      isTold = true;
    }
    return work();
  });
}

function overdue(lock: Lock, holder: LockHolder | null, patience: number): ConfigError {
  const others = 'If that is another server at the same work, start again when it is done';
  return new ConfigError([
    holder === null
      ? `The lock "${lock}" of the database was not to be had within ${patience} ms: others take it again and again. ${others}.`
      : `The lock "${lock}" of the database was not to be had within ${patience} ms: it is held by ${holderText(holder)}. ${others}; otherwise end it: SELECT pg_terminate_backend(${holder.pid})`,
  ]);
}

async function take(runner: QueryRunner, lock: Lock): Promise<boolean> {
  const [row] = (await runner.query('SELECT pg_try_advisory_xact_lock($1) AS taken', [
    LOCKS[lock],
  ])) as { taken: boolean }[];
  return row?.taken === true;
}

/**
 * The lock belongs to a transaction, which does nothing else: a lock of the session would stay on whatever connection
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
