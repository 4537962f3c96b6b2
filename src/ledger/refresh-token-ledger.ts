import type { RequestContext } from '../common/request-context.js';
import type { AuthSettings } from '../config/auth-settings.js';
import type { Claims } from '../tokens/domain/compact.js';
import type { RefreshVerdict } from './domain/verdict.js';
import type { PageRequest } from './session-page.js';
import type { TokenSubject } from '../tokens/tokens.service.js';
import type { AuthUser } from '../users/user-store.js';

/**
 * A verified token, with the text that was presented.
 *
 * @publicApi
 */
export interface PresentedToken {
  readonly token: string;
  readonly claims: Claims;
}

/**
 * A signed token with its claims.
 *
 * @publicApi
 */
export type IssuedToken = PresentedToken;

/**
 * Why a refresh token, or a sliding one, gets nothing.
 *
 * - `invalid`: its claims fit no session of ours, or no state that its session can have had; then it has ended
 * - `blacklisted`, `session_ended`: it was spent, or its session is over
 * - `stale`: a late duplicate of an old token; its session lives
 * - `reused`: a stolen token, as it seems; its session was ended by this call
 * - `no_account`: its user does not exist or may not get tokens
 * - `password_changed`: it carries the digest of another password
 *
 * @publicApi
 */
export type Refusal =
  | Exclude<RefreshVerdict['verdict'], 'rotated' | 'replayed' | 'recovered'>
  | 'blacklisted'
  | 'no_account'
  | 'password_changed';

/**
 * The answer to a refresh: the verdict and, unless it is a refusal, the token.
 *
 * @publicApi
 */
export type SpendOutcome =
  /** A refresh token takes the place of the presented one: a new one, or again the one that did so before. */
  | { readonly verdict: 'rotated' | 'replayed' | 'recovered'; readonly refresh: IssuedToken }
  /** The presented token stays in use (`ROTATE_REFRESH_TOKENS` off). */
  | { readonly verdict: 'kept' }
  | { readonly verdict: Refusal };

/**
 * The answer to extending a sliding token.
 *
 * @publicApi
 */
export interface ExtendOutcome {
  readonly verdict: 'extended' | Refusal;
}

/**
 * A live session as its user may see it.
 *
 * @publicApi
 */
export interface SessionInfo {
  readonly id: string;
  readonly createdAt: Date;
  /** Null where the ledger does not keep it. */
  readonly lastUsedAt: Date | null;
  /** When it ends if it is not used any more. */
  readonly expiresAt: Date;
  /** Where and by what it was used last. */
  readonly ip: string | null;
  readonly userAgent: string | null;
  /** Where, and by the client of which name, it was started. */
  readonly createdIp: string | null;
  readonly createdClient: string | null;
}

/**
 * A part of a list of sessions.
 *
 * @publicApi
 */
export interface SessionPage {
  readonly sessions: readonly SessionInfo[];
  /** How many there are on all pages. */
  readonly total: number;
  /** What to ask the next page with; null after the last one. */
  readonly next: string | null;
}

/**
 * The book of refresh and sliding tokens: which are issued, spent and ended. Nothing above this seam knows how they are
 * kept. Users are named by their primary key as text.
 *
 * @publicApi
 */
export abstract class RefreshTokenLedger {
  /**
   * What in these settings the ledger cannot work with, and what to change: asked once, at the start. The guard finds
   * sessions in the table of the session ledger only, so any other ledger refuses `CHECK_SESSION`.
   */
  problemsWith({ checkSession }: AuthSettings): readonly string[] {
    return checkSession
      ? [
          'overrides.ledger needs checkSession: false: the guard looks at sessions in the table of the session ledger only.',
        ]
      : [];
  }

  /**
   * Makes and records the token of a log-in. Null when the user was deleted, deactivated or given another password
   * since the password was verified.
   *
   * @param user - with the claims that the host adds, which `TokensService` writes into the token
   */
  abstract issue(
    kind: 'refresh' | 'sliding',
    user: AuthUser & TokenSubject,
    context: RequestContext,
  ): Promise<IssuedToken | null>;

  /**
   * Trades in a refresh token whose type has been checked. However many calls bring one token, at most one successor is
   * live. A refused call changes nothing, except that a changed password and a reused token end the session.
   */
  abstract spend(presented: PresentedToken, context: RequestContext): Promise<SpendOutcome>;

  /** Judges a sliding token that asks for more time, as `spend` does (contract §10). */
  abstract extend(presented: PresentedToken, context: RequestContext): Promise<ExtendOutcome>;

  /** Whether a token may not be used any more, asked of the database, never of a cache (contract §6, step 7). */
  abstract isRevoked(claims: Claims): Promise<boolean>;

  /** Ends a refresh token, or a sliding one. False when it had ended before (contract §9). */
  abstract revoke(presented: PresentedToken): Promise<boolean>;

  /**
   * The live sessions of a user, the newest first: by when they began, never by when they were used, which would tell a
   * holder of one when its owner has refreshed.
   *
   * @throws ValidationError when `after` is nothing that a page has given
   */
  abstract list(userId: string, page: PageRequest): Promise<SessionPage>;

  /** Ends one session of a user. False when the user has no such live session. */
  abstract end(userId: string, sessionId: string): Promise<boolean>;

  /** Ends all live sessions of a user but one; all of them with null. Returns those that it has ended. */
  abstract endOthers(userId: string, keep: string | null): Promise<readonly string[]>;

  /**
   * Called when a user has changed the password: ends all live sessions but one. A ledger whose sessions end with the
   * change itself has nothing to do.
   */
  async passwordChanged(userId: string, keep: string | null): Promise<void> {
    await this.endOthers(userId, keep);
  }

  /**
   * Ends everything that is live, of all users: for a database that was restored from a backup, in which ended sessions
   * live again. Returns how much that was.
   */
  abstract endAll(): Promise<number>;

  /** Forgets what can never be used again, in batches. Returns how many rows were deleted. */
  abstract flush(): Promise<number>;
}
