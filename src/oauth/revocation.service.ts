import { Injectable } from '@nestjs/common';
import { InvalidTokenError, UnavailableError } from '../common/errors.js';
import { AuthSettings } from '../config/auth-settings.js';
import { sessionsEnded, type Cause } from '../events/domain/security-event.js';
import { SecurityEvents } from '../events/security-events.js';
import { SessionCache } from '../ledger/session-cache.js';
import { sessionIdOf } from '../ledger/domain/session-claims.js';
import { RefreshTokenLedger, type PresentedToken } from '../ledger/refresh-token-ledger.js';
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
    private readonly facts: SessionCache,
    private readonly events: SecurityEvents,
  ) {}

  /**
   * Ends what the token stands for: the session, of which an access token is as good a name as a refresh token (RFC 7009
   * §2.1 leaves it to us). A token that is no good any more has reached what the caller wants, which is no error (§2.2).
   *
   * @throws OAuthError `unsupported_token_type` for an access token that would be accepted after as before: without
   *   `CHECK_SESSION`, so always with the Django ledger
   * @throws UnavailableError when the session is live after as before
   */
  async revoke(token: string, cause: Cause): Promise<void> {
    const claims = await this.findClaims(token);
    if (claims === null) return;
    const isA = (kind: TokenKind): boolean => this.tokens.kindProblem(claims, kind) === null;
    let isEnded = false;
    if (isA(RefreshToken)) isEnded = await this.ledger.revoke({ token, claims });
    else if (isA(SlidingToken)) isEnded = await this.endSliding({ token, claims });
    else if (isA(AccessToken)) isEnded = await this.endAccess(claims);
    const session = sessionIdOf(claims) ?? this.tokens.idOf(claims) ?? '';
    if (isEnded) await this.events.emit(null, sessionsEnded([session], 'logged_out', cause));
  }

  private async endSliding(presented: PresentedToken): Promise<boolean> {
    const isEnded = await this.ledger.revoke(presented);
    if (!isEnded && !(await this.ledger.isRevoked(presented.claims))) throw notEnded();
    return isEnded;
  }

  private async endAccess(claims: Claims): Promise<boolean> {
    const sid = this.settings.checkSession ? sessionIdOf(claims) : null;
    if (sid === null) {
      throw new OAuthError(
        'unsupported_token_type',
        'An access token without a session ends by itself.',
      );
    }
    const live = await this.facts.findSession(sid);
    if (!live) return false;
    if (await this.ledger.end(String(live.user.id), sid)) return true;
    if (!(await this.facts.hasEnded(sid))) throw notEnded();
    return false;
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

/** Nothing was ended, by another request neither, and the token goes on opening doors: 200 would be a lie. */
function notEnded(): UnavailableError {
  return new UnavailableError('session_not_ended');
}
