import type { RequestContext } from '../common/request-context.js';
import type { Claims } from '../tokens/domain/compact.js';
import type { AuthUser } from '../users/user-store.js';

/** A verified token, with the text that was presented. */
export interface PresentedToken {
  readonly token: string;
  readonly claims: Claims;
}

/** A signed token with its claims. */
export type IssuedToken = PresentedToken;

/** Why a refresh token, or a sliding one, gets nothing. */
export type Refusal = 'blacklisted' | 'no_account' | 'password_changed';

/** The answer to a refresh. */
export type SpendOutcome =
  /** A new refresh token takes the place of the old one. */
  | { readonly verdict: 'rotated'; readonly refresh: IssuedToken }
  /** The presented token stays in use (`ROTATE_REFRESH_TOKENS` off). */
  | { readonly verdict: 'kept' }
  | { readonly verdict: 'refused'; readonly reason: Refusal };

/** The answer to extending a sliding token. */
export type ExtendOutcome =
  { readonly verdict: 'extended' } | { readonly verdict: 'refused'; readonly reason: Refusal };

/**
 * The book of refresh and sliding tokens: which are issued, spent and ended. Above this seam nothing knows how they
 * are kept.
 *
 * @publicApi
 */
export abstract class RefreshTokenLedger {
  /**
   * Makes and records the token of a log-in. Null when the user was deleted, deactivated or given another password
   * since the password was verified.
   */
  abstract issue(
    kind: 'refresh' | 'sliding',
    user: AuthUser,
    context: RequestContext,
  ): Promise<IssuedToken | null>;

  /**
   * Trades in a refresh token whose type has been checked. Exactly one of several simultaneous calls with one token
   * gets a successor; a refused call changes nothing, except that a changed password ends the token (contract §7).
   */
  abstract spend(presented: PresentedToken, context: RequestContext): Promise<SpendOutcome>;

  /** Judges a sliding token that asks for more time, as `spend` does, without writing (contract §10). */
  abstract extend(presented: PresentedToken): Promise<ExtendOutcome>;

  /** Whether a token may not be used any more, whatever its type (contract §6, step 7). */
  abstract isRevoked(claims: Claims): Promise<boolean>;

  /** Ends a refresh token. False when it had ended before (contract §9). */
  abstract revoke(presented: PresentedToken): Promise<boolean>;

  /** Forgets what can never be used again, in batches. Returns how many rows were deleted. */
  abstract flush(): Promise<number>;
}
