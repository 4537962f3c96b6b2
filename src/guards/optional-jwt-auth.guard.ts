import { Injectable, type ExecutionContext } from '@nestjs/common';
import { AuthError } from '../common/errors.js';
import { JwtAuthGuard } from './jwt-auth.guard.js';
import { GuardKind, type RouteRules } from './route-rules.js';

/**
 * Opens a handler to everybody and knows the user of a good access token: `@CurrentUser()` is undefined without a token
 * and with one that is refused. A fault of the server is not hidden: when the token cannot be judged because the database
 * is away, the answer is 503, and not the one for a stranger. Where another guard is global, the handler is `@Public()` too.
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
      // As a guard of Passport does, which leaves `request.user` undefined where nobody is logged in.
      return undefined as TUser;
    }
    return super.handleRequest(error, user, info, context);
  }

  /** A global guard leaves public handlers out; a handler that names this guard wants to know its user, public or not. */
  protected override isLeftOut({ isPublic, isOptional }: RouteRules): boolean {
    return isPublic && !isOptional;
  }
}
