import { Injectable } from '@nestjs/common';
import { AuthSettings } from '../config/auth-settings.js';
import { RefreshTokenLedger } from '../ledger/refresh-token-ledger.js';
import type { Claims } from '../tokens/domain/compact.js';
import { TokensService } from '../tokens/tokens.service.js';
import type { AuthenticatedUser } from '../users/authenticated-user.js';
import { BearerAuthentication, type TokenOwner } from './bearer-authentication.js';

/**
 * The user of a stateless token, made of its claims alone: SimpleJWT's `TokenUser` (contract §11).
 *
 * @publicApi
 */
export interface TokenUser extends AuthenticatedUser {
  readonly isSuperuser: boolean;
  /** All claims, for what else the issuer tells. */
  readonly claims: Claims;
}

/**
 * Believes the token, and looks up nothing, not even a sliding token in the ledger: what `StatelessJwtAuthGuard` asks.
 */
@Injectable()
export class JwtTokenOnlyAuthentication extends BearerAuthentication<null> {
  override readonly name = 'JWTStatelessUserAuthentication';
  override readonly strategyName = 'jwt-stateless';

  protected override ownerOf(claims: Claims): TokenOwner<null> {
    const id = this.userIdOf(claims);
    const username = claims['username'];
    const user: TokenUser = {
      id,
      username: typeof username === 'string' ? username : '',
      isActive: true,
      isStaff: claims['is_staff'] === true,
      isSuperuser: claims['is_superuser'] === true,
      claims,
    };
    return { user, facts: null };
  }

  /** Claims do not change. */
  protected override holds(): boolean {
    return true;
  }
}

/** SimpleJWT's `JWTStatelessUserAuthentication`: no user is looked up, but sliding and refresh tokens in the ledger. */
@Injectable()
export class JwtStatelessAuthentication extends JwtTokenOnlyAuthentication {
  constructor(
    settings: AuthSettings,
    tokens: TokensService,
    protected override readonly ledger: RefreshTokenLedger,
  ) {
    super(settings, tokens);
  }
}
