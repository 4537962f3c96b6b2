import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { AuthError } from '../common/errors.js';
import { AuthenticationChain } from './authentication-chain.js';
import { withChallenge } from './challenge.js';
import { JwtAuthentication } from './jwt-authentication.js';
import { passWithoutAsking } from './pass-without-asking.js';

/**
 * Opens a route for those whom the chain of `AUTHENTICATION_CLASSES` knows; the first class names the challenge
 * (contract §11).
 *
 * @publicApi
 */
@Injectable()
export class AuthenticationGuard extends AuthGuard() {
  constructor(private readonly chain: AuthenticationChain) {
    super({ defaultStrategy: [...chain.strategies] });
  }

  override canActivate(context: ExecutionContext): ReturnType<CanActivate['canActivate']> {
    const { first } = this.chain;
    const isKnown = first instanceof JwtAuthentication && passWithoutAsking(this, first, context);
    return isKnown || super.canActivate(context);
  }

  override handleRequest<TUser>(
    error: unknown,
    user: TUser | false | null,
    _info: unknown,
    context: ExecutionContext,
  ): TUser {
    if (user && !error) return user;
    throw withChallenge(error ?? new AuthError('not_authenticated'), this.chain.challenge, context);
  }
}
