import { Injectable } from '@nestjs/common';
import { InvalidTokenError } from '../common/errors.js';
import { AuthSettings } from '../config/auth-settings.js';
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
import { GuardJudgement } from './guard-judgement.js';

const KINDS = [AccessToken, SlidingToken, RefreshToken] as const;

/** Tells other services whether a token is good (RFC 7662). */
@Injectable()
export class IntrospectionService {
  /** What opens something here: a refresh token its view, the others the guard, where `AUTH_TOKEN_CLASSES` has them. */
  private readonly kinds: readonly (typeof KINDS)[number][];

  constructor(
    private readonly settings: AuthSettings,
    private readonly tokens: TokensService,
    private readonly ledger: RefreshTokenLedger,
    private readonly judgement: GuardJudgement,
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

  /** Whatever is not live is the same to the caller: bad, expired, spent or ended. */
  async introspect(token: string): Promise<IntrospectionResponse> {
    const claims = await this.findClaims(token);
    return (claims && (await this.findLive(claims))) ?? { active: false };
  }

  /**
   * An access token is judged as the guard does it, from memory. A refresh token must be its session's current one or that
   * one's parent, which could still get an answer, and a sliding one not blacklisted: the database is asked, never a cache
   * (contract §6, step 7).
   */
  private async findLive(claims: Claims): Promise<IntrospectionResponse | null> {
    const kind = this.kinds.find((one) => this.tokens.kindProblem(claims, one) === null);
    const facts = kind && (await this.judgement.findLive(claims));
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

  private async findClaims(token: string): Promise<Claims | null> {
    try {
      return await this.tokens.decode(token);
    } catch (error) {
      if (error instanceof InvalidTokenError) return null;
      throw error;
    }
  }
}
