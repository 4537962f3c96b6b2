/** When what happened to a key of the ring; ms since the epoch, null for not yet. */
export interface KeyTimes {
  readonly activatedAt: number | null;
  readonly retiredAt: number | null;
  /** Until when the key verifies; null as long as it has not been retired. */
  readonly verifiesUntil: number | null;
}

/**
 * - `next`: published, so that everybody knows it when it begins to sign
 * - `signing`: the one that signs
 * - `retired`: signs no more, and verifies until its last token has ended
 * - `ended`: opens nothing any more
 */
export type KeyState = 'next' | 'signing' | 'retired' | 'ended';

/** How long tokens live, seconds. */
export interface Lifetimes {
  readonly ledger: 'sessions' | 'django';
  /** Of the session ledger, where no refresh token outlives its session; null for no end. */
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
/** Seconds that can be noted of a key, 68 years: what goes on for longer ends with the key. */
const LONGEST = 2_147_483_647;

/** What a key is good for at a moment, ms since the epoch. */
export function keyState(times: KeyTimes, now: number): KeyState {
  if (times.verifiesUntil !== null && times.verifiesUntil <= now) return 'ended';
  if (times.retiredAt !== null) return 'retired';
  return times.activatedAt === null ? 'next' : 'signing';
}

/** Seconds from the signing of a token until nobody accepts it any more, for the kind that lives longest. */
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
