import { Injectable } from '@nestjs/common';
import { AuthError, InvalidTokenError, ValidationError } from '../common/errors.js';
import type { RequestContext } from '../common/request-context.js';
import { AuthSettings } from '../config/auth-settings.js';
import {
  RefreshTokenLedger,
  type IssuedToken,
  type PresentedToken,
} from '../ledger/refresh-token-ledger.js';
import { sessionsEnded, type Cause } from '../events/domain/security-event.js';
import { SecurityEvents } from '../events/security-events.js';
import { Throttle } from '../throttling/throttle.js';
import { sessionIdOf } from '../ledger/domain/session-claims.js';
import type { Claims } from '../tokens/domain/compact.js';
import {
  AccessToken,
  RefreshToken,
  SlidingToken,
  UntypedToken,
  type TokenKind,
} from '../tokens/domain/token-kind.js';
import { HostClaims } from '../tokens/host-claims.js';
import { TokensService } from '../tokens/tokens.service.js';
import type { AuthUser } from '../users/user-store.js';
import type {
  EmptyResponse,
  SlidingTokenResponse,
  TokenPairResponse,
  TokenRefreshResponse,
} from './dto/token-responses.dto.js';
import { storedUser, type LoggedInUser } from '../login/logged-in-user.js';
import { refusalError, withPublicReason } from './refusals.js';
import { JwtAuthentication } from '../authentication/jwt-authentication.js';
import { LoginHooks } from '../login/login-hooks.js';
import { LoginPolicy } from '../login/login-policy.js';

/**
 * What the token views do, one method for each (contract §5, §7–§10).
 *
 * @publicApi
 */
@Injectable()
export class TokenViewsService {
  constructor(
    private readonly settings: AuthSettings,
    private readonly tokens: TokensService,
    private readonly ledger: RefreshTokenLedger,
    private readonly hooks: LoginHooks,
    private readonly policy: LoginPolicy,
    private readonly throttle: Throttle,
    private readonly hostClaims: HostClaims,
    private readonly guard: JwtAuthentication,
    private readonly events: SecurityEvents,
  ) {}

  /**
   * @param user - whom `LocalAuthGuard` let in, or one of the `UserStore` whom the host knows by other means
   * @throws AuthError `no_active_account` when the policy refuses the user, or the user changed while logging in
   */
  async obtainPair(
    user: LoggedInUser | AuthUser,
    context: RequestContext,
  ): Promise<TokenPairResponse> {
    const refresh = await this.issue('refresh', await this.admitted(user, context), context);
    return { refresh: refresh.token, access: this.accessFrom(refresh.claims) };
  }

  /** As `obtainPair`, for a sliding token. */
  async obtainSliding(
    user: LoggedInUser | AuthUser,
    context: RequestContext,
  ): Promise<SlidingTokenResponse> {
    const sliding = await this.issue('sliding', await this.admitted(user, context), context);
    return { token: sliding.token };
  }

  /** @throws AuthError `token_not_valid`, `no_active_account`, `password_changed` or `throttled` */
  async refresh(token: string, context: RequestContext): Promise<TokenRefreshResponse> {
    try {
      let presented = await this.read(token, RefreshToken);
      await this.countRefresh(presented.claims);
      // Before anything is spent: what a host's hook throws costs the client a retry, not the session.
      if (this.hostClaims.areRecomputed)
        presented = await this.renewed(presented, 'refresh', context);
      const outcome = await this.ledger.spend(presented, context);
      switch (outcome.verdict) {
        case 'kept':
          return { access: this.accessFrom(presented.claims) };
        case 'rotated':
        case 'replayed':
        case 'recovered':
          return {
            access: this.accessFrom(outcome.refresh.claims),
            refresh: outcome.refresh.token,
          };
        default:
          throw refusalError(outcome.verdict);
      }
    } catch (error) {
      throw this.explained(error);
    }
  }

  /**
   * Looks at no user and no type (contract §8); but of an access token, where `CHECK_SESSION` asks for its session, it
   * says what the guard says (design §3).
   *
   * @throws InvalidTokenError `token_not_valid`
   * @throws ValidationError when the token is blacklisted
   * @throws AuthError `user_not_found`, `user_inactive` or `password_changed`, of an access token
   */
  async verify(token: string): Promise<EmptyResponse> {
    const claims = await this.tokens.decode(token);
    const problem = this.tokens.kindProblem(claims, UntypedToken);
    if (problem !== null) throw new InvalidTokenError(problem, { reason: 'claims' });
    if (this.settings.checkSession && this.tokens.typeOf(claims) === AccessToken.type) {
      await this.guard.storedUser(claims);
      return {};
    }
    if (await this.ledger.isRevoked(claims)) {
      throw new ValidationError({ non_field_errors: ['Token is blacklisted'] });
    }
    return {};
  }

  /** @throws InvalidTokenError `token_not_valid`, also when the token had ended before */
  async blacklist(token: string, context: RequestContext): Promise<EmptyResponse> {
    const presented = await this.read(token, RefreshToken);
    if (!(await this.ledger.revoke(presented))) throw refusalError('blacklisted');
    const session = this.sessionOf(presented.claims) ?? '';
    // Whoever holds the token may end it; who that is it does not prove.
    const cause: Cause = { actor: `session:${session}`, address: context.ip };
    await this.events.emit(null, sessionsEnded([session], 'logged_out', cause));
    return {};
  }

  /** @throws AuthError `token_not_valid`, `no_active_account`, `password_changed` or `throttled` */
  async refreshSliding(token: string, context: RequestContext): Promise<SlidingTokenResponse> {
    try {
      let presented = await this.read(token, SlidingToken);
      await this.countRefresh(presented.claims);
      if (this.hostClaims.areRecomputed)
        presented = await this.renewed(presented, 'sliding', context);
      const outcome = await this.ledger.extend(presented, context);
      if (outcome.verdict !== 'extended') throw refusalError(outcome.verdict);
      const claims = this.tokens.extendedClaims(presented.claims, this.tokens.now());
      return { token: this.tokens.sign(claims) };
    } catch (error) {
      throw this.explained(error);
    }
  }

  /** Who logged in has passed the policy; a user whom the host knows by other means has not yet. */
  private async admitted(
    user: LoggedInUser | AuthUser,
    context: RequestContext,
  ): Promise<AuthUser> {
    const stored = storedUser(user);
    if (stored !== user) return stored;
    const assessed = await this.policy.assess({ user: stored, context, purpose: 'session' });
    if (assessed.verdict === 'allow') return stored;
    throw new AuthError('no_active_account', { reason: assessed.reason });
  }

  private async issue(
    kind: 'refresh' | 'sliding',
    user: AuthUser,
    context: RequestContext,
  ): Promise<IssuedToken> {
    const claims = await this.hostClaims.atLogin(user, kind, context);
    const issued = await this.ledger.issue(kind, { ...user, claims }, context);
    if (issued === null) throw new AuthError('no_active_account', { reason: 'changed_meanwhile' });
    const who = `user:${user.id}` as const;
    const session = this.sessionOf(issued.claims);
    await this.events.emit(null, [
      { event: 'logged_in', actor: who, address: context.ip, target: who, session },
    ]);
    if (this.settings.updateLastLogin) await this.hooks.onLoginSuccess(user, context);
    return issued;
  }

  /** The token with the host's claims as they are now, from which its successor is made. */
  private async renewed(
    { token, claims }: PresentedToken,
    kind: 'refresh' | 'sliding',
    context: RequestContext,
  ): Promise<PresentedToken> {
    return { token, claims: await this.hostClaims.atRefresh(claims, kind, context) };
  }

  private async countRefresh(claims: Claims): Promise<void> {
    const session = this.sessionOf(claims);
    if (session !== null) await this.throttle.count('refreshLimit', session);
  }

  /** A token without a session goes by its own id: with the Django ledger that is all there is. */
  private sessionOf(claims: Claims): string | null {
    return sessionIdOf(claims) ?? this.tokens.idOf(claims);
  }

  private accessFrom(refresh: Claims): string {
    return this.tokens.sign(this.tokens.accessClaims(refresh, this.tokens.now()));
  }

  /** In the profile `secure` a refused refresh says why, so that a client knows whether the session lives (design §3). */
  private explained(error: unknown): unknown {
    if (!(error instanceof AuthError) || error.getStatus() !== 401) return error;
    return this.settings.profile === 'secure' ? withPublicReason(error) : error;
  }

  /** Contract §6: a blacklisted id is reported before a wrong type. */
  private async read(token: string, kind: TokenKind): Promise<PresentedToken> {
    const claims = await this.tokens.decode(token);
    const problem = this.tokens.kindProblem(claims, kind);
    if (problem === null) return { token, claims };
    if (await this.ledger.isRevoked(claims)) throw refusalError('blacklisted');
    throw new InvalidTokenError(problem, { reason: 'wrong_type' });
  }
}
