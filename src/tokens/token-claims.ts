import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../common/request-context.js';
import type { AuthUser } from '../users/user-store.js';

/**
 * The user of a token. The stored password is left out: everybody who holds a token can read its claims.
 *
 * @publicApi
 */
export type ClaimsSubject = Omit<AuthUser, 'password'>;

/**
 * The claims that a host adds, SimpleJWT's `get_token`. Hosts give a subclass as `overrides.claims`; this class adds none.
 *
 * @typeParam Own - the claims that the class adds, as the type of what `@CurrentToken()` gives
 * @example
 * class CustomerClaims extends TokenClaims<{ plan: string }> {
 *   constructor(private readonly plans: PlansService) { super(); }
 *   override async claimsFor({ id }: ClaimsSubject) { return { plan: await this.plans.nameOf(id) }; }
 * }
 *
 * @publicApi
 */
@Injectable()
export class TokenClaims<Own extends object = Record<string, unknown>> {
  /** Whether a host has replaced this class; otherwise the hook is never called. */
  get isCustom(): boolean {
    return this.claimsFor !== TokenClaims.prototype.claimsFor;
  }

  /**
   * The claims of a log-in's refresh or sliding token, which its access tokens carry as well. With
   * `REFRESH_RECOMPUTES_CLAIMS` the method is called at each refresh too, and claims that it leaves out then are gone from
   * the tokens. Values are what JSON can say; claims that this package writes (`exp`, `user_id` …) are an error.
   */
  claimsFor(
    _user: ClaimsSubject,
    _kind: 'refresh' | 'sliding',
    _context: RequestContext,
  ): Own | Promise<Own> {
    return {} as Own;
  }
}
