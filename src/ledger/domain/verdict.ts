/**
 * How many past rotations a session remembers the time of (design §3). Enough for the duplicates that
 * can be in flight at once; few enough that the row's updates stay within its database page.
 */
export const REMEMBERED_ROTATIONS = 8;

/** Where a refresh came from, as far as honest requests show it (design §3, "same client"). */
export interface RefreshClient {
  /** The `User-Agent` header, cut as the session row stores it; null if the request had none. */
  readonly userAgent: string | null;
  /** `networkOf()` the address, or the provider's AS number; null if unknown. */
  readonly network: string | null;
}

/** The generations of a session: what a rotation or a recovery writes. */
export interface Generations {
  /** The only generation whose refresh token is live. The first one is 0. */
  readonly generation: number;
  /** The generation that the current one was made from; null until the first rotation. */
  readonly parentGeneration: number | null;
  /**
   * When the latest generations were superseded, in seconds since the epoch on the database's clock
   * (fractions are welcome), newest first: entry `i` belongs to generation `generation - 1 - i`.
   * At most {@link REMEMBERED_ROTATIONS} entries; a generation without an entry counts as long past.
   */
  readonly supersededAt: readonly number[];
}

/** The part of a session row that decides about a refresh token (design §3). */
export interface SessionState extends Generations {
  /** When the session was ended; null while it lives. */
  readonly revokedAt: Date | null;
  /** The client of the last rotation or, before the first one, of the login. */
  readonly lastClient: RefreshClient;
}

/** The settings that the verdict depends on (design §2). */
export interface RotationSettings {
  /** `ROTATION_GRACE_PERIOD` in seconds; 0 switches replay off, also for the same client. */
  readonly gracePeriod: number;
  /** `ROTATION_RECOVERY`: whether a parent from elsewhere displaces its unused successor. */
  readonly recovery: boolean;
  /** `REUSE_ENDS_SESSION`: whose spent token ends the session. */
  readonly reuseEndsSession: 'always' | 'other-client' | 'never';
  /** `ROTATE_REFRESH_TOKENS`; if false, generations stand still. */
  readonly rotate: boolean;
}

/** One refresh token presented to a session whose row is locked. */
export interface PresentedRefresh {
  readonly session: SessionState;
  /** The `gen` claim of the token, whose signature has been verified. */
  readonly generation: number;
  readonly client: RefreshClient;
  /** Seconds since the epoch on the database's clock, so that no node's clock decides. */
  readonly now: number;
}

/**
 * The answer to a refresh (design §3, RFC 9700 §4.14).
 *
 * - `rotated`, `recovered`: write `next`, the time and the client to the row; answer the new token
 * - `replayed`: write nothing; answer the current token again
 * - `stale`: write nothing; refuse, the session lives
 * - `reused`: end the session, warn the user, refuse
 * - `ended`: the session had ended before; refuse
 */
export type RefreshVerdict =
  | { readonly verdict: 'rotated' | 'recovered'; readonly next: Generations }
  | { readonly verdict: 'replayed' | 'stale' | 'reused' | 'ended' };

/**
 * What the rotation of the current generation writes. The common case is decided by one `UPDATE` that
 * never loads the row; this is its meaning: `generation + 1`, the old generation as the parent, and the
 * time put before the remembered ones, of which the first {@link REMEMBERED_ROTATIONS} stay.
 */
export function nextAfterRotation(session: Generations, now: number): Generations {
  return { ...advance(session, now), parentGeneration: session.generation };
}

/** Decides what becomes of a presented refresh token: the table of design §3. */
export function judgeRefresh(
  presented: PresentedRefresh,
  settings: RotationSettings,
): RefreshVerdict {
  const { session, generation, now } = presented;
  if (session.revokedAt !== null) return { verdict: 'ended' };
  // Without rotation a refresh token is meant to be used many times, so that a parent elsewhere says
  // nothing: whatever would advance the row is answered from the row as it stands.
  const advancing = (verdict: 'rotated' | 'recovered', next: Generations): RefreshVerdict =>
    settings.rotate ? { verdict, next } : { verdict: 'replayed' };

  if (generation === session.generation) {
    return advancing('rotated', nextAfterRotation(session, now));
  }
  if (generation > session.generation) {
    return advancing('rotated', nextAfterLostCommits(generation, now));
  }
  if (isReplayed(presented, settings)) return { verdict: 'replayed' };
  if (generation === session.parentGeneration && settings.recovery) {
    const next = { ...advance(session, now), parentGeneration: session.parentGeneration };
    return advancing('recovered', next);
  }
  return { verdict: isReuse(presented, settings) ? 'reused' : 'stale' };
}

function advance({ generation, supersededAt }: Generations, now: number) {
  return {
    generation: generation + 1,
    supersededAt: [now, ...supersededAt.slice(0, REMEMBERED_ROTATIONS - 1)],
  };
}

/**
 * A database that lost its last commits knows an older generation than the signature proves to have
 * been issued. Its remembered times belong to other generations than the new position suggests, so
 * only the rotation of this moment is kept.
 */
function nextAfterLostCommits(generation: number, now: number): Generations {
  return { generation: generation + 1, parentGeneration: generation, supersededAt: [now] };
}

/** The parent, or an answer that nobody has used, comes back from where the last rotation came from. */
function isReplayed(presented: PresentedRefresh, settings: RotationSettings): boolean {
  if (settings.gracePeriod <= 0) return false;
  const parent = presented.session.parentGeneration ?? -1;
  if (presented.generation < parent) return false;
  if (isSameClient(presented)) return true;
  return presented.generation === parent && isNearInGrace(presented, settings);
}

/** Whether a superseded token that gets no answer also ends the session. */
function isReuse(presented: PresentedRefresh, settings: RotationSettings): boolean {
  if (settings.reuseEndsSession === 'always') return true;
  if (settings.reuseEndsSession === 'never') return false;
  return !isSameClient(presented) && !isNearInGrace(presented, settings);
}

function isSameClient({ session, client }: PresentedRefresh): boolean {
  return sameUserAgent(session.lastClient, client) && sameNetwork(session.lastClient, client);
}

function isNearInGrace(presented: PresentedRefresh, { gracePeriod }: RotationSettings): boolean {
  const { session, client, generation, now } = presented;
  const near = sameUserAgent(session.lastClient, client) || sameNetwork(session.lastClient, client);
  const supersededAt = session.supersededAt[session.generation - 1 - generation];
  return near && gracePeriod > 0 && supersededAt !== undefined && now - supersededAt <= gracePeriod;
}

/** A client that never sends the header is recognised by that, so two absent ones are equal. */
function sameUserAgent(one: RefreshClient, other: RefreshClient): boolean {
  return one.userAgent === other.userAgent;
}

/** Two unknown networks are not the same one: nothing was seen that could tell a thief apart. */
function sameNetwork(one: RefreshClient, other: RefreshClient): boolean {
  return one.network !== null && one.network === other.network;
}
