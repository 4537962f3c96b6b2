import { Injectable } from '@nestjs/common';
import { JwtAuthentication } from '../authentication/jwt-authentication.js';
import { AuthError } from '../common/errors.js';
import { AuthSettings } from '../config/auth-settings.js';
import type { SessionContext } from '../ledger/session-cache.js';
import { RefreshTokenLedger } from '../ledger/refresh-token-ledger.js';
import type { Claims } from '../tokens/domain/compact.js';
import {
  AccessToken,
  RefreshToken,
  SlidingToken,
  UntypedToken,
} from '../tokens/domain/token-kind.js';
import { TokensService } from '../tokens/tokens.service.js';
import { UserAuthenticationRule } from '../users/user-authentication-rule.js';
import {
  introspectionResponse,
  type IntrospectionResponse,
} from './dto/introspection-response.dto.js';

const KINDS = [AccessToken, SlidingToken, RefreshToken] as const;

/** Tells other services whether a token is good (RFC 7662). */
@Injectable()
export class IntrospectionService {
  /** Kinds that are of use here: a refresh token at its view, the others at the guard where `AUTH_TOKEN_CLASSES` names them. */
  private readonly kinds: readonly (typeof KINDS)[number][];

  constructor(
    private readonly settings: AuthSettings,
    private readonly tokens: TokensService,
    private readonly ledger: RefreshTokenLedger,
    private readonly guard: JwtAuthentication,
    private readonly rule: UserAuthenticationRule,
  ) {
    const accepted: readonly string[] = settings.authTokenClasses;
    this.kinds = KINDS.filter(
      (kind) =>
        kind === RefreshToken ||
        accepted.includes(kind.className) ||
        accepted.includes(UntypedToken.className),
    );
  }

  /** The caller is not told why a token is not active: it may be bad, expired, spent or ended. */
  async introspect(token: string): Promise<IntrospectionResponse> {
    const claims = await this.tokens.findClaims(token);
    return (claims && (await this.findLive(claims))) ?? { active: false };
  }

  /**
   * An access token is judged from memory, as by the guard. A refresh token must be the current one of its session or the
   * parent of that, which could still be answered; a sliding token must not be blacklisted: the database is asked about
   * both, never a cache (contract §6, step 7).
   */
  private async findLive(claims: Claims): Promise<IntrospectionResponse | null> {
    const kind = this.kinds.find((one) => this.tokens.kindProblem(claims, one) === null);
    const facts = kind && (await this.findFacts(claims));
    if (!kind || !facts) return null;
    // With the type check off any token may be a refresh token.
    const isListed = this.tokens.typeOf(claims) !== AccessToken.type;
    if (isListed && (await this.ledger.isRevoked(claims))) return null;
    if (kind === RefreshToken && !(await this.rule.allows(facts.user))) return null;
    return introspectionResponse({
      claims,
      use: kind.type,
      keyword: this.settings.authHeaderTypes[0],
      username: facts.user.username,
      userId: this.tokens.userIdOf(claims),
      id: this.tokens.idOf(claims),
    });
  }

  /** The session and user that the claims stand for; null when the guard would refuse them. */
  private async findFacts(claims: Claims): Promise<SessionContext | null> {
    try {
      return await this.guard.factsOf(claims);
    } catch (error) {
      // Any other status is a fault of ours, and says nothing about the token.
      if (error instanceof AuthError && error.getStatus() === 401) return null;
      throw error;
    }
  }
}
