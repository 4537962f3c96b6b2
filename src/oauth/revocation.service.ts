import { Injectable } from '@nestjs/common';
import { InvalidTokenError, UnavailableError } from '../common/errors.js';
import { AuthSettings } from '../config/auth-settings.js';
import { AuthFacts } from '../ledger/auth-facts.js';
import { sessionIdOf } from '../ledger/domain/session-claims.js';
import { RefreshTokenLedger } from '../ledger/refresh-token-ledger.js';
import type { Claims } from '../tokens/domain/compact.js';
import {
  AccessToken,
  RefreshToken,
  SlidingToken,
  type TokenKind,
} from '../tokens/domain/token-kind.js';
import { TokensService } from '../tokens/tokens.service.js';
import { OAuthError } from './oauth-error.js';

/** Ends tokens for other services (RFC 7009). */
@Injectable()
export class RevocationService {
  constructor(
    private readonly settings: AuthSettings,
    private readonly tokens: TokensService,
    private readonly ledger: RefreshTokenLedger,
    private readonly facts: AuthFacts,
  ) {}

  /**
   * Ends what the token stands for: the session, of which an access token is as good a name as a refresh token (RFC 7009
   * §2.1 leaves it to us). A token that is no good any more has reached what the caller wants, which is no error (§2.2).
   *
   * @throws OAuthError `unsupported_token_type` for an access token that would be accepted after as before: of the Django
   *   ledger, or without `CHECK_SESSION`
   * @throws UnavailableError when the session is live after as before
   */
  async revoke(token: string): Promise<void> {
    const claims = await this.findClaims(token);
    if (claims === null) return;
    const isA = (kind: TokenKind): boolean => this.tokens.kindProblem(claims, kind) === null;
    if (isA(RefreshToken)) await this.ledger.revoke({ token, claims });
    else if (isA(SlidingToken)) await this.endSliding(token, claims);
    else if (isA(AccessToken)) await this.endAccess(claims);
  }

  private async endSliding(token: string, claims: Claims): Promise<void> {
    if (this.settings.ledger === 'sessions') await this.endSession(sessionIdOf(claims));
    else await this.ledger.revoke({ token, claims });
  }

  private async endAccess(claims: Claims): Promise<void> {
    const sid = this.settings.checkSession ? sessionIdOf(claims) : null;
    if (sid === null) {
      throw new OAuthError(
        'unsupported_token_type',
        'An access token without a session ends by itself.',
      );
    }
    await this.endSession(sid);
  }

  private async endSession(sid: string | null): Promise<void> {
    const live = sid === null ? null : await this.facts.findSession(sid);
    if (sid === null || !live || (await this.ledger.end(String(live.user.id), sid))) return;
    // Somebody else was faster, or nothing was ended and the token goes on opening doors: 200 would be a lie then.
    if (!(await this.facts.hasEnded(sid))) throw new UnavailableError('session_not_ended');
  }

  private async findClaims(token: string): Promise<Claims | null> {
    try {
      return await this.tokens.decode(token);
    } catch (error) {
      if (error instanceof InvalidTokenError) return null;
      throw error;
    }
  }
}
