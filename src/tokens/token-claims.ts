import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../common/request-context.js';
import type { AuthUser } from '../users/user-store.js';

/**
 * The user whose token it is. The stored password is left out: claims can be read by anybody who holds the token.
 *
 * @publicApi
 */
export type ClaimsSubject = Omit<AuthUser, 'password'>;

/**
 * A host's own claims, SimpleJWT's `get_token`. Hosts give a subclass as `overrides.claims`; this one adds none.
 *
 * @typeParam Own - the claims that it adds, for whoever reads them from `@CurrentToken()`
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
  /** Whether a host has put a class of its own in the place of this one; otherwise nothing is asked. */
  get isCustom(): boolean {
    return this.claimsFor !== TokenClaims.prototype.claimsFor;
  }

  /**
   * The claims of a log-in's refresh or sliding token, which its access tokens carry as well. With
   * `REFRESH_RECOMPUTES_CLAIMS` it is asked at each refresh too, and what it leaves out then is gone from the tokens.
   * Values are what JSON can say; claims that this package writes itself (`exp`, `user_id` …) are an error.
   */
  claimsFor(
    _user: ClaimsSubject,
    _kind: 'refresh' | 'sliding',
    _context: RequestContext,
  ): Own | Promise<Own> {
    return {} as Own;
  }
}
