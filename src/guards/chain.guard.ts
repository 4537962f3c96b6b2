import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { Authenticated, Authentication } from '../authentication/authentication.js';
import { AuthError } from '../common/errors.js';
import { withChallenge } from '../http/challenge.js';
import { BARE_TOKEN } from '../transports/credential-source.js';
import { syntheticRequest, type GuardedRequest } from '../transports/guarded-request.js';
import { keepUser, requestOf } from '../transports/request-of.js';
import { GuardKind, routeRules, type RouteRules } from './route-rules.js';

/**
 * A guard that asks authentication classes one after the other: the first that recognises its credentials decides, and
 * wrong ones end the request (contract §11). Passport has one chain for each guard; here each handler can have its own.
 */
@GuardKind('closing')
export abstract class ChainGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const rules = routeRules(context);
    const request = this.getRequest(context);
    if (this.isLeftOut(rules)) {
      // As nobody: the user that an earlier call of the same WebSocket client had is not the user of this one.
      request.authInfo = undefined;
      keepUser(context, request, undefined);
      return true;
    }
    const classes = this.chainOf(rules);
    // A few look-ups in memory, where the credentials were accepted before and nothing has changed since.
    const known = classes[0]?.recall?.(request) ?? null;
    return known ? this.decide(context, request, known, null) : this.ask(classes, request, context);
  }

  /**
   * What is looked at for credentials. Override it for a transport of your own, whose first argument must be an object:
   * what `@CurrentUser()` and `@CurrentToken()` give is kept beside it.
   */
  getRequest(context: ExecutionContext): GuardedRequest {
    return requestOf(context);
  }

  /**
   * Gives what `@CurrentUser()` shall be, or throws. Override it to look at the user once more.
   *
   * @param user - null when nobody was recognised
   */
  handleRequest<TUser>(
    error: unknown,
    user: TUser | false | null,
    _info: unknown,
    context: ExecutionContext,
  ): TUser {
    if (user && !error) return user;
    const [first] = this.chainOf(routeRules(context));
    throw withChallenge(
      error ?? new AuthError('not_authenticated'),
      first?.challenge ?? null,
      context,
    );
  }

  /** Whether nobody is asked who is there. */
  protected isLeftOut({ isPublic }: RouteRules): boolean {
    return isPublic;
  }

  /** The chain of a handler. */
  protected abstract chainOf(rules: RouteRules): readonly Authentication[];

  /** The answer of the first class that recognises its credentials; null where none does. */
  protected async find(
    classes: readonly Authentication[],
    request: GuardedRequest,
    _context: ExecutionContext,
  ): Promise<Authenticated | null> {
    for (const authentication of classes) {
      const found = await authentication.authenticate(request);
      if (found !== null) return found;
    }
    return null;
  }

  private async ask(
    classes: readonly Authentication[],
    request: GuardedRequest,
    context: ExecutionContext,
  ): Promise<boolean> {
    let found: Authenticated | null = null;
    let failure: unknown = null;
    try {
      found = await this.find(classes, shownBy(request, context), context);
    } catch (error) {
      failure = error;
    }
    return this.decide(context, request, found, failure);
  }

  /** Lets `handleRequest` decide, and keeps the user that it gives. */
  private decide(
    context: ExecutionContext,
    request: GuardedRequest,
    found: Authenticated | null,
    failure: unknown,
  ): true | Promise<true> {
    const info = found ? { claims: found.claims } : undefined;
    // Not earlier: other calls may share the request, and see what their own guard has found.
    request.authInfo = info;
    const user: unknown = this.handleRequest(failure, found?.user ?? null, info, context);
    const keep = (one: unknown): true => {
      keepUser(context, request, one);
      return true;
    };
    // An override may take its time, as Passport's guards allow.
    return user instanceof Promise ? user.then(keep) : keep(user);
  }
}

/**
 * The request as authentication classes see it. A host's guard may give the request that opened a socket for that of a
 * message: its method, a GET, says nothing about what the message does.
 */
function shownBy(request: GuardedRequest, context: ExecutionContext): GuardedRequest {
  if (context.getType() !== 'ws' || request.method === undefined) return request;
  const { headers, rawHeaders = request.raw?.rawHeaders, socket } = request;
  return syntheticRequest({ headers, rawHeaders, socket, token: request[BARE_TOKEN] });
}
