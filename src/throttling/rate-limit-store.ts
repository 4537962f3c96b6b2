import type { RateLimitKey } from './rate-limit-key.js';

/** A counter as a store keeps it. */
export interface RateLimitState {
  readonly attempts: number;
  /** Seconds until it begins again, with fraction. */
  readonly seconds: number;
}

/**
 * Counts attempts, for all nodes together. A counter begins with its first attempt and ends when the limit's window has
 * passed, by the store's clock; attempts beyond the limit do not put the end off.
 *
 * Uses of one key happen one after the other, whichever nodes they come from: each sees all that were before it.
 */
export abstract class RateLimitStore {
  /**
   * Counts one attempt with each of the keys.
   *
   * @returns whole seconds to wait, where the attempt is beyond a limit; 0 when it is within all
   */
  abstract consume(keys: readonly RateLimitKey[]): Promise<number>;

  /**
   * Counts nothing.
   *
   * @returns whole seconds until none of the limits is reached; 0 when none is now
   */
  abstract get(keys: readonly RateLimitKey[]): Promise<number>;
}

/**
 * The longest wait that the limits ask for, whole seconds.
 *
 * @param states - by key; a key without state has no attempts
 * @param counted - how many of the attempts are the one that asks: 1 after `consume`, 0 after `get`
 */
export function longestWait(
  keys: readonly RateLimitKey[],
  states: ReadonlyMap<string, RateLimitState>,
  counted: 0 | 1,
): number {
  const waits = keys.map(({ key, limit }) => {
    const state = states.get(key);
    const isReached = state !== undefined && state.attempts - counted >= limit.attempts;
    // `Retry-After: 0` would invite the client to try at once.
    return isReached ? Math.max(1, Math.ceil(state.seconds)) : 0;
  });
  return Math.max(0, ...waits);
}
