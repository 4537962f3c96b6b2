import { Injectable } from '@nestjs/common';
import { InvalidTokenError } from '../common/errors.js';
import type { Claims } from '../tokens/domain/compact.js';
import type { AuthenticatedUser } from '../users/authenticated-user.js';
import { JwtAuthentication } from './jwt-authentication.js';

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

/** SimpleJWT's `JWTStatelessUserAuthentication`: the token is believed, no user is looked up. */
@Injectable()
export class JwtStatelessAuthentication extends JwtAuthentication {
  override factsOf(claims: Claims): Promise<null> {
    if (this.tokens.userIdOf(claims) !== undefined) return Promise.resolve(null);
    throw new InvalidTokenError('Token contained no recognizable user identification', {
      reason: 'no_user_id',
    });
  }

  protected override userFrom(claims: Claims): TokenUser {
    const username = claims['username'];
    return {
      id: this.tokens.userIdOf(claims),
      username: typeof username === 'string' ? username : '',
      isActive: true,
      isStaff: claims['is_staff'] === true,
      isSuperuser: claims['is_superuser'] === true,
      claims,
    };
  }
}

/** The same without any look at the ledger, not even for sliding tokens: what `StatelessJwtAuthGuard` believes. */
@Injectable()
export class JwtTokenOnlyAuthentication extends JwtStatelessAuthentication {
  protected override isRevoked(): Promise<boolean> {
    return Promise.resolve(false);
  }
}
