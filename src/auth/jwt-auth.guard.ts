import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { AuthError } from '../common/errors.js';
import { withChallenge } from './challenge.js';
import { JwtAuthentication } from './jwt-authentication.js';
import { passWithoutAsking } from './pass-without-asking.js';

/**
 * Opens a route for those who show an access token: `@UseGuards(JwtAuthGuard)`.
 *
 * @publicApi
 */
@Injectable()
export class JwtAuthGuard extends AuthGuard('jwt') {
  constructor(private readonly authentication: JwtAuthentication) {
    super();
  }

  override canActivate(context: ExecutionContext): ReturnType<CanActivate['canActivate']> {
    return passWithoutAsking(this, this.authentication, context) || super.canActivate(context);
  }

  override handleRequest<TUser>(
    error: unknown,
    user: TUser | false | null,
    _info: unknown,
    context: ExecutionContext,
  ): TUser {
    if (user && !error) return user;
    throw withChallenge(
      error ?? new AuthError('not_authenticated'),
      this.authentication.challenge,
      context,
    );
  }
}
