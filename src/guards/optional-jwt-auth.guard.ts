import { Injectable, type ExecutionContext } from '@nestjs/common';
import { AuthError } from '../common/errors.js';
import { JwtAuthGuard } from './jwt-auth.guard.js';
import { GuardKind, type RouteRules } from './route-rules.js';

/**
 * Opens a handler to everybody and knows the user of a good access token: `@CurrentUser()` is undefined without a token
 * and with one that is refused. It is no excuse for faults of ours: when the token cannot be judged because the database
 * is away, the answer is 503, not that of a stranger. Where another guard is global, the handler is `@Public()` too.
 *
 * @publicApi
 * @throws AuthError `unavailable`
 */
@Injectable()
@GuardKind('asking')
export class OptionalJwtAuthGuard extends JwtAuthGuard {
  override handleRequest<TUser>(
    error: unknown,
    user: TUser | false | null,
    info: unknown,
    context: ExecutionContext,
  ): TUser {
    if (user && !error) return user;
    if (!error || (error instanceof AuthError && error.getStatus() === 401)) {
      // Passport's guards put what is returned into the request, and Nest knows no user that is not there.
      return undefined as TUser;
    }
    return super.handleRequest(error, user, info, context);
  }

  /** Where it is global, what is public stays out; a handler that names it wants to know, public or not. */
  protected override isLeftOut({ isPublic, isOptional }: RouteRules): boolean {
    return isPublic && !isOptional;
  }
}
