import { Injectable } from '@nestjs/common';
import { AuthError } from '../common/errors.js';
import { AuthSettings } from '../config/auth-settings.js';
import { SessionCache, type SessionContext } from '../ledger/session-cache.js';
import { SESSION_CLAIM, sessionIdOf } from '../ledger/domain/session-claims.js';
import { RefreshTokenLedger } from '../ledger/refresh-token-ledger.js';
import type { Claims } from '../tokens/domain/compact.js';
import { userIdText } from '../tokens/domain/user-id.js';
import { TokensService } from '../tokens/tokens.service.js';
import type { AuthenticatedUser } from '../users/authenticated-user.js';
import { authenticatedUser } from './authentication.js';
import { BearerAuthentication, type TokenOwner } from './bearer-authentication.js';

/**
 * SimpleJWT's `JWTAuthentication`: an access token in the authorization header opens the route for its user
 * (contract §11). Its session must be live with `CHECK_SESSION` (design §3).
 */
@Injectable()
export class JwtAuthentication extends BearerAuthentication<SessionContext> {
  override readonly name = 'JWTAuthentication';
  override readonly strategyName = 'jwt';

  constructor(
    settings: AuthSettings,
    tokens: TokensService,
    protected override readonly ledger: RefreshTokenLedger,
    private readonly facts: SessionCache,
  ) {
    super(settings, tokens);
  }

  /**
   * The stored user of claims that a class without a look-up has believed. The same is asked as of a token here: the
   * session, the user, the password.
   *
   * @throws AuthError `token_not_valid`, `user_not_found`, `user_inactive` or `password_changed`
   */
  async storedUser(claims: Claims): Promise<AuthenticatedUser> {
    return authenticatedUser((await this.factsOf(claims)).user);
  }

  /**
   * The live session and user that verified claims name.
   *
   * @throws AuthError `token_not_valid`, `user_not_found`, `user_inactive` or `password_changed`
   */
  async factsOf(claims: Claims): Promise<SessionContext> {
    const id = userIdText(this.userIdOf(claims));
    const facts = id === null ? null : await this.findFacts(claims, id);
    if (facts === null) throw new AuthError('user_not_found');
    const { user } = facts;
    if (this.settings.checkUserIsActive && !user.isActive) throw new AuthError('user_inactive');
    if (!this.tokens.passwordIsCurrent(claims, user.password)) {
      throw new AuthError('password_changed');
    }
    return facts;
  }

  protected override async ownerOf(claims: Claims): Promise<TokenOwner<SessionContext>> {
    const facts = await this.factsOf(claims);
    return { user: authenticatedUser(facts.user), facts };
  }

  /** A change of the session or the user drops the cached object, so that its identity is the whole check. */
  protected override holds(facts: SessionContext): boolean {
    return this.facts.isStill(facts);
  }

  /**
   * With `CHECK_SESSION` the session must be live (design §3); a token without one comes from another issuer.
   *
   * @throws AuthError `token_not_valid` when the session has ended or there is none
   */
  private async findFacts(claims: Claims, id: string): Promise<SessionContext | null> {
    const { checkSession, acceptUnknownTokens } = this.settings;
    const sid = sessionIdOf(claims);
    if (!checkSession || (sid === null && acceptUnknownTokens && !(SESSION_CLAIM in claims))) {
      return this.facts.findUser(id);
    }
    if (sid === null) throw this.refusal('no_session', () => 'Token is invalid');
    const facts = await this.facts.findSession(sid);
    if (facts === null) throw this.refusal('session_ended', () => 'Token is blacklisted');
    return String(facts.user.tokenId) === id ? facts : null;
  }
}
