import type { KeyState } from './key-state.js';

/** What of a key decides about the schedule; times in ms since the epoch. */
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
 * Until everybody who caches the JWK Set has fetched it anew, ms: twice the longest that our own answer may be kept, and
 * what verifiers keep it by themselves.
 */
const SPREAD = 600_000;

/**
 * What a schedule asks for. It goes on with a ring and begins none, nor one that was left: in a rolling restart servers
 * that do not know the ring yet would refuse its tokens, and only an operator knows when the last of them is gone.
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
 * Whether caches of the JWK Set may not know a key yet, were it to sign now.
 *
 * @param key - undefined for one that is only now made
 */
export function isUnannounced(
  key: Pick<ScheduledKey, 'createdAt'> | undefined,
  now: number,
): boolean {
  return key === undefined || now - key.createdAt < SPREAD;
}
