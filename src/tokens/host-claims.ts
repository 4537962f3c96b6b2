import { Injectable } from '@nestjs/common';
import { AuthError } from '../common/errors.js';
import type { RequestContext } from '../common/request-context.js';
import { AuthSettings } from '../config/auth-settings.js';
import { UserStore, type AuthUser } from '../users/user-store.js';
import type { Claims } from './domain/compact.js';
import { reservedClaims } from './domain/reserved-claims.js';
import { tokenUser } from './domain/user-id.js';
import { TokenClaims } from './token-claims.js';

/** Asks the host's `TokenClaims`, and keeps its claims apart from the claims that this package writes. */
@Injectable()
export class HostClaims {
  private readonly reserved: ReadonlySet<string | null>;

  constructor(
    private readonly hook: TokenClaims,
    private readonly users: UserStore,
    private readonly settings: AuthSettings,
  ) {
    this.reserved = reservedClaims(settings);
  }

  /** Whether a refresh has to ask for the claims; the standard hook is never asked. */
  get areRecomputed(): boolean {
    return this.hook.isCustom && this.settings.refreshRecomputesClaims;
  }

  /**
   * The claims of a new log-in.
   *
   * @throws AuthError `server_error` when the host gives a reserved claim
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
      // As every reader of the token will have them, so that what is remembered as verified is the same.
      return JSON.parse(JSON.stringify(given)) as Claims;
    } catch (cause) {
      throw unusable('TokenClaims.claimsFor returns something that JSON cannot say', cause);
    }
  }

  /**
   * The claims of a token that is presented for a refresh, with the host's claims as they are now. Reserved claims stay;
   * the ledger decides whether they are good.
   *
   * @throws AuthError `server_error` when the host gives a reserved claim
   */
  async atRefresh(
    presented: Claims,
    kind: 'refresh' | 'sliding',
    context: RequestContext,
  ): Promise<Claims> {
    const named = tokenUser(presented[this.settings.userIdClaim]);
    const user = named.kind === 'id' ? await this.users.findByTokenId(named.id) : null;
    if (user === null) return presented;
    const given = await this.atLogin(user, kind, context);
    const kept = Object.entries(presented).filter(([claim]) => this.reserved.has(claim));
    return { ...Object.fromEntries(kept), ...given };
  }
}

function unusable(message: string, cause?: unknown): AuthError {
  return new AuthError('server_error', {
    body: { error: 'Server Error (500)' },
    reason: 'own_claims',
    cause: new TypeError(message, { cause }),
  });
}
