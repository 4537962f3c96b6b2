import { Injectable, Optional, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { ClientRequest } from '../http/client-address.js';
import { AuthError } from '../common/errors.js';
import { ConfigError } from '../config/config-error.js';
import { TokenObtainPairDto } from '../login/dto/token-obtain-pair.dto.js';
import { parsedBody, readFields } from '../http/fields.decorator.js';
import { LocalStrategy } from '../authentication/passport.js';
import type { GuardedRequest } from '../transports/guarded-request.js';
import { keepUser } from '../transports/request-of.js';
import { required } from '../config/module-checks.js';

type LoginRequest = ClientRequest & GuardedRequest & { body: unknown };

/**
 * Lets a log-in pass with the right user name and password, and puts a `LoggedInUser` into `request.user`. The guard checks
 * the fields itself, since guards run before pipes: an empty body is 400, not 401 (contract §2). The other fields of the
 * body stay for the handler's own DTO. The guard is for HTTP only: elsewhere there is no body to check.
 *
 * Like `JwtAuthGuard` it asks its own application, and `AuthGuard('local')` the strategy that has this name in the process.
 *
 * @publicApi
 * @throws ValidationError when a field is missing or unreadable
 * @throws AuthError `no_active_account` or `throttled`
 * @throws ConfigError off HTTP, where `getRequest` is not overridden
 */
@Injectable()
export class LocalAuthGuard implements CanActivate {
  private readonly strategy: LocalStrategy;

  constructor(@Optional() strategy?: LocalStrategy) {
    this.strategy = required(strategy, new.target.name);
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = this.getRequest(context) as LoginRequest;
    request.body = await parsedBody(request.body);
    const { username, password } = await readFields(request.body, TokenObtainPairDto);
    let user: unknown = null;
    let failure: unknown = null;
    try {
      user = await this.strategy.validate(request, username, password);
    } catch (error) {
      failure = error;
    }
    keepUser(context, request, await this.handleRequest(failure, user, undefined, context));
    return true;
  }

  /** The request of a log-in, with its body. Override it for a transport of your own. */
  getRequest(context: ExecutionContext): object {
    const type = context.getType<string>();
    if (type === 'http') return context.switchToHttp().getRequest<object>();
    throw new ConfigError([
      `${this.constructor.name} is used on a handler of the kind "${type}", and reads a log-in from the body of an HTTP request. Override getRequest(). Example: getRequest(context) { return { body: { username, password }, headers: {} }; }`,
    ]);
  }

  /** Gives what `@CurrentUser()` shall be, or throws. Override it to look at the user once more. */
  handleRequest<TUser>(
    error: unknown,
    user: TUser | false | null,
    _info: unknown,
    _context: ExecutionContext,
  ): TUser {
    if (error) throw error;
    if (!user) throw new AuthError('no_active_account');
    return user;
  }
}
