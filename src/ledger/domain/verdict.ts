import { relateNetworks, type NetworkRelation } from './network.js';
import { sameUserAgent } from './user-agent.js';

/**
 * How many past rotations a session remembers the time of (design §3). Enough for the duplicates that
 * can be in flight at once; few enough that the row's updates stay within its database page.
 */
export const REMEMBERED_ROTATIONS = 8;

/**
 * How many commits a database may have lost (design §3). A good signature over a generation further ahead
 * than this was not made by the server that kept the row.
 */
export const LOST_COMMITS = 1000;

/** Where a refresh came from, as far as honest requests show it (design §3, "same client"). */
export interface RefreshClient {
  /** The `User-Agent` header, of the last client as the row stores it; null if the request had none. */
  readonly userAgent: string | null;
  /** `networkOf()` the address, or any other name of a network; null if unknown. */
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
  /** Whether a displaced token has recovered, later than the grace period allows, since the last rotation. */
  readonly hasRecoveredLate: boolean;
}

/** The part of a session row that decides about a refresh token (design §3). */
export interface SessionState extends Generations {
  /** When the session was ended; null while it lives. */
  readonly revokedAt: Date | null;
  /** The client of the last rotation or recovery or, before the first one, of the login. */
  readonly lastClient: RefreshClient;
}

/** The settings that the verdict depends on (design §2). */
export interface RotationSettings {
  /**
   * `ROTATION_GRACE_PERIOD` in seconds: for how long a superseded token counts as fresh. With 0 nothing is
   * replayed and nothing recovers.
   */
  readonly gracePeriod: number;
  /** `ROTATION_RECOVERY`: whether a parent from nearby displaces its unused successor. */
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

/** What is known of a superseded token and of its bearer: the facts that decide, and the evidence of a security event. */
export interface Evidence {
  /** `displaced` is newer than the parent: the answer of a recovery or rotation that nobody has used. */
  readonly position: 'parent' | 'displaced' | 'older';
  /** Generations behind the current one. */
  readonly distance: number;
  /** Whether it was superseded within the grace period. */
  readonly isFresh: boolean;
  readonly isSameUserAgent: boolean;
  /** The bearer's network beside that of the last rotation. */
  readonly network: NetworkRelation;
}

/**
 * The answer to a refresh (design §3, RFC 9700 §4.14).
 *
 * - `rotated`, `recovered`: write `next`, the time and the client to the row; answer the new token
 * - `replayed`: write nothing; answer the current token again
 * - `stale`: write nothing; refuse, the session lives
 * - `reused`: end the session, warn the user, refuse
 * - `invalid`: end the session without a warning, refuse: no server of ours can have issued the token
 * - `session_ended`: the session had ended before; refuse
 */
export type RefreshVerdict =
  | { readonly verdict: 'rotated'; readonly next: Generations }
  | { readonly verdict: 'recovered'; readonly next: Generations; readonly evidence: Evidence }
  | { readonly verdict: 'stale' | 'reused'; readonly evidence: Evidence }
  | { readonly verdict: 'replayed' | 'invalid' | 'session_ended' };

/** Whether the session ends with this verdict. */
export function endsSession({ verdict }: RefreshVerdict): boolean {
  return verdict === 'reused' || verdict === 'invalid';
}

/**
 * What the rotation of the current generation writes. The common case is decided by one `UPDATE` that
 * never loads the row; this is its meaning: `generation + 1`, the old generation as the parent, and the
 * time put before the remembered ones, of which the first {@link REMEMBERED_ROTATIONS} stay.
 */
export function nextAfterRotation(session: Generations, now: number): Generations {
  return {
    ...advance(session, now),
    parentGeneration: session.generation,
    hasRecoveredLate: false,
  };
}

/** Decides what becomes of a presented refresh token: the table of design §3. */
export function judgeRefresh(
  presented: PresentedRefresh,
  settings: RotationSettings,
): RefreshVerdict {
  const { session, generation, now } = presented;
  if (session.revokedAt !== null) return { verdict: 'session_ended' };
  if (generation < session.generation) return judgeSuperseded(presented, settings);
  if (generation > session.generation + LOST_COMMITS) return { verdict: 'invalid' };
  // Without rotation a refresh token is meant to be used many times: the row is answered as it stands.
  if (!settings.rotate) return { verdict: 'replayed' };
  const isCurrent = generation === session.generation;
  const next = isCurrent ? nextAfterRotation(session, now) : nextAfterLostCommits(generation, now);
  return { verdict: 'rotated', next };
}

function judgeSuperseded(presented: PresentedRefresh, settings: RotationSettings): RefreshVerdict {
  const evidence = evidenceOf(presented, settings);
  if (isReplayed(evidence, settings)) return { verdict: 'replayed' };
  const { session, now } = presented;
  const isFreshRotation = isFresh(session, session.parentGeneration ?? -1, now, settings);
  if (isRecovered(evidence, settings, isFreshRotation || !session.hasRecoveredLate)) {
    if (!settings.rotate) return { verdict: 'replayed' };
    const isLate = evidence.position === 'displaced' && !isFreshRotation;
    const hasRecoveredLate = session.hasRecoveredLate || isLate;
    const { parentGeneration } = session;
    const next = { ...advance(session, now), parentGeneration, hasRecoveredLate };
    return { verdict: 'recovered', next, evidence };
  }
  return { verdict: isReuse(evidence, settings) ? 'reused' : 'stale', evidence };
}

function evidenceOf(
  { session, generation, client, now }: PresentedRefresh,
  settings: RotationSettings,
): Evidence {
  const { lastClient } = session;
  return {
    position: positionOf(generation, session.parentGeneration),
    distance: session.generation - generation,
    isFresh: isFresh(session, generation, now, settings),
    isSameUserAgent: sameUserAgent(lastClient.userAgent, client.userAgent),
    network: relateNetworks(lastClient.network, client.network),
  };
}

function positionOf(generation: number, parent: number | null): Evidence['position'] {
  if (parent === null || generation < parent) return 'older';
  return generation === parent ? 'parent' : 'displaced';
}

/** Whether a generation was superseded within the grace period. */
function isFresh(
  { generation: current, supersededAt }: Generations,
  generation: number,
  now: number,
  { gracePeriod }: RotationSettings,
): boolean {
  const at = supersededAt[current - 1 - generation];
  return gracePeriod > 0 && at !== undefined && now - at <= gracePeriod;
}

/**
 * The parent, or an answer that nobody has used, comes back from where the last rotation came from. From anywhere else
 * a replay would let a thief with one old token follow the session for good, and leave no trace. An unknown network may
 * be anywhere.
 */
function isReplayed(evidence: Evidence, settings: RotationSettings): boolean {
  if (settings.gracePeriod <= 0 || evidence.position === 'older') return false;
  const isSameClient = evidence.isSameUserAgent && evidence.network === 'same';
  return isSameClient && (evidence.isFresh || settings.reuseEndsSession !== 'always');
}

/**
 * A lost answer after a change of network, or a thief who holds the parent: a new successor takes the place of the one
 * that was not used, and whoever holds that one shows himself.
 *
 * @param mayDisplaced - whether an answer that nobody has used may recover: while the last rotation is fresh, later once
 */
function isRecovered(
  evidence: Evidence,
  settings: RotationSettings,
  mayDisplaced: boolean,
): boolean {
  if (!settings.recovery || settings.gracePeriod <= 0) return false;
  if (settings.reuseEndsSession === 'always' || evidence.position === 'older') return false;
  const isNear = evidence.isSameUserAgent || evidence.network === 'same';
  return isNear && (evidence.position === 'parent' || mayDisplaced);
}

/**
 * Whether a superseded token that gets no answer also ends the session. Not that of a late duplicate or of a tab that
 * has slept. An unknown network, which may be the same, is near while the token is fresh, and no longer: a thief can make
 * his network an unknown one, and would poll for ever. What would have recovered, had it not done so already, is no
 * duplicate.
 */
function isReuse(evidence: Evidence, settings: RotationSettings): boolean {
  if (settings.reuseEndsSession !== 'other-client') return settings.reuseEndsSession === 'always';
  const isPast = evidence.position === 'older' || !settings.recovery || settings.gracePeriod <= 0;
  if (!isPast) return true;
  const isSameClient = evidence.isSameUserAgent && evidence.network === 'same';
  const maySameNetwork = evidence.network !== 'other';
  const isNear = evidence.isSameUserAgent || maySameNetwork;
  return !isSameClient && !(isNear && evidence.isFresh);
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
  return {
    generation: generation + 1,
    parentGeneration: generation,
    supersededAt: [now],
    hasRecoveredLate: false,
  };
}
