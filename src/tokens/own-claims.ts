import { Injectable } from '@nestjs/common';
import { AuthError } from '../common/errors.js';
import type { RequestContext } from '../common/request-context.js';
import { AuthSettings } from '../config/auth-settings.js';
import { UserStore, type AuthUser } from '../users/user-store.js';
import type { Claims } from './domain/compact.js';
import { tokenUser } from './domain/user-id.js';
import { TokenClaims } from './token-claims.js';

/** Claims that this package writes under these names whatever the settings say. */
const FIXED_CLAIMS = ['exp', 'iat', 'nbf', 'jti', 'iss', 'aud', 'sid', 'gen'];

/** Asks the host's `TokenClaims`, and keeps its claims apart from those that tokens live by. */
@Injectable()
export class OwnClaims {
  private readonly reserved: ReadonlySet<string | null>;

  constructor(
    private readonly hook: TokenClaims,
    private readonly users: UserStore,
    private readonly settings: AuthSettings,
  ) {
    this.reserved = new Set([
      ...FIXED_CLAIMS,
      settings.jtiClaim,
      settings.tokenTypeClaim,
      settings.userIdClaim,
      settings.slidingTokenRefreshExpClaim,
      settings.revokeTokenClaim,
    ]);
  }

  /** Whether a refresh has to ask for the claims; with the standard hook it never has. */
  get areRecomputed(): boolean {
    return this.hook.isCustom && this.settings.refreshRecomputesClaims;
  }

  /**
   * The claims of a new log-in.
   *
   * @throws AuthError `server_error` when the host gives a claim that is ours
   */
  async atLogin(
    user: AuthUser,
    kind: 'refresh' | 'sliding',
    context: RequestContext,
  ): Promise<Claims> {
    if (!this.hook.isCustom) return {};
    const { password: _password, ...subject } = user;
    const given = await this.hook.claimsFor(subject, kind, context);
    const name = Object.keys(given).find((claim) => this.reserved.has(claim));
    if (name !== undefined) {
      throw unusable(
        `TokenClaims.claimsFor returns the claim "${name}", which only this package may write: give it another name`,
      );
    }
    try {
      // What is signed, and remembered as verified, is what everybody will read.
      return JSON.parse(JSON.stringify(given)) as Claims;
    } catch (cause) {
      throw unusable('TokenClaims.claimsFor returns something that JSON cannot say', cause);
    }
  }

  /**
   * The claims of a token that is presented for a refresh, with the host's claims as they are now. Those that tokens
   * live by stay; whether they are good is for the ledger to say.
   *
   * @throws AuthError `server_error` when the host gives a claim that is ours
   */
  async atRefresh(
    presented: Claims,
    kind: 'refresh' | 'sliding',
    context: RequestContext,
  ): Promise<Claims> {
    const named = tokenUser(presented[this.settings.userIdClaim]);
    const user = named.kind === 'id' ? await this.users.findByTokenId(named.id) : null;
    if (user === null) return presented;
    const own = await this.atLogin(user, kind, context);
    const kept = Object.entries(presented).filter(([claim]) => this.reserved.has(claim));
    return { ...Object.fromEntries(kept), ...own };
  }
}

function unusable(message: string, cause?: unknown): AuthError {
  return new AuthError('server_error', {
    body: { error: 'Server Error (500)' },
    reason: 'own_claims',
    cause: new TypeError(message, { cause }),
  });
}
