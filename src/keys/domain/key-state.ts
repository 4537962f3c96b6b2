/** The times of a key of the ring; ms since the epoch, null for not yet. */
export interface KeyTimes {
  readonly activatedAt: number | null;
  readonly retiredAt: number | null;
  /** Until when the key verifies; null as long as it has not been retired. */
  readonly verifiesUntil: number | null;
}

/**
 * - `next`: published, so that all verifiers know it when it begins to sign
 * - `signing`: the one that signs
 * - `retired`: does not sign any more, and verifies until its last token has ended
 * - `ended`: neither signs nor verifies
 */
export type KeyState = 'next' | 'signing' | 'retired' | 'ended';

/** The settings that decide how long tokens live, seconds. */
export interface Lifetimes {
  readonly ledger: 'sessions' | 'django';
  /** Absolute end of a session, which no refresh token outlives; null for none. */
  readonly sessionMaxLifetime: number | null;
  readonly accessTokenLifetime: number;
  readonly refreshTokenLifetime: number;
  readonly slidingTokenLifetime: number;
  readonly slidingTokenRefreshLifetime: number;
  readonly leeway: number;
}

/**
 * Seconds that a retired key verifies beyond its longest token: a node may hear late that the key has been retired, and
 * the clocks of nodes differ.
 */
const MARGIN = 60;
/** The longest lifetime that the column of a key holds, 68 years in seconds: longer tokens end with the key. */
const LONGEST = 2_147_483_647;

/** The state of a key at a moment, ms since the epoch. */
export function keyState(times: KeyTimes, now: number): KeyState {
  if (times.verifiesUntil !== null && times.verifiesUntil <= now) return 'ended';
  if (times.retiredAt !== null) return 'retired';
  return times.activatedAt === null ? 'next' : 'signing';
}

/** Seconds from the signing of a token until it is accepted nowhere any more, for the kind that lives longest. */
export function longestLifetime(lifetimes: Lifetimes): number {
  const { accessTokenLifetime, slidingTokenLifetime, ledger, sessionMaxLifetime } = lifetimes;
  const end = (ledger === 'sessions' ? sessionMaxLifetime : null) ?? Infinity;
  const longest = Math.max(
    accessTokenLifetime,
    slidingTokenLifetime,
    Math.min(end, Math.max(lifetimes.refreshTokenLifetime, lifetimes.slidingTokenRefreshLifetime)),
  );
  return Math.min(LONGEST, Math.ceil(lifetimes.leeway + longest));
}

/** Seconds that a key verifies from its retirement on, given the longest lifetime it has signed for. */
export function secondsToVerify(longest: number): number {
  return longest + MARGIN;
}
