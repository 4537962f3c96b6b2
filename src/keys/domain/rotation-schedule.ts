import type { KeyState } from './key-state.js';

/** What the schedule looks at; times in ms since the epoch. */
export interface ScheduledKey {
  readonly state: KeyState;
  readonly createdAt: number;
  readonly activatedAt: number | null;
}

/**
 * What is due: a next key to be published, the next key to sign, or nothing; `begin` where an operator has to make the
 * first key.
 */
export type DueWork = 'generate' | 'rotate' | 'nothing' | 'begin';

const DAY = 86_400_000;
/**
 * Until all caches of the JWK Set have fetched it anew, ms: twice as long as our answer may be kept, and as long as usual
 * verifiers keep it.
 */
const SPREAD = 600_000;

/**
 * The work that is due. A schedule continues a ring, and neither begins one nor takes up an abandoned one: in a rolling
 * restart, servers that do not know the ring yet would refuse its tokens, and only an operator knows when the last is gone.
 *
 * The next key is published a day, or half of a shorter interval, before it signs; one that comes too late for that (the
 * servers were down) still waits until caches elsewhere have had the time to learn of it.
 *
 * @param interval - ms between two rotations
 */
export function dueWork(keys: readonly ScheduledKey[], interval: number, now: number): DueWork {
  const signing = keys.find(({ state }) => state === 'signing');
  const next = keys.find(({ state }) => state === 'next');
  if (!signing && !next) return 'begin';
  const due = signing ? (signing.activatedAt ?? signing.createdAt) + interval : now;
  if (!next) return now >= due - Math.min(interval / 2, DAY) ? 'generate' : 'nothing';
  return now >= Math.max(due, next.createdAt + SPREAD) ? 'rotate' : 'nothing';
}

/**
 * Whether a key would sign before caches of the JWK Set know it, if it began to sign now.
 *
 * @param key - undefined for one that is only now made
 */
export function isUnannounced(
  key: Pick<ScheduledKey, 'createdAt'> | undefined,
  now: number,
): boolean {
  return key === undefined || now - key.createdAt < SPREAD;
}
