import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { AuthError } from '../common/errors.js';
import { type Authenticated, type Authentication } from '../authentication/authentication.js';
import { BARE_TOKEN } from '../transports/credential-source.js';
import type { AuthenticationChoice } from '../authentication/authentication-chain.js';
import { withChallenge } from '../http/challenge.js';
import { JwtAuthentication } from '../authentication/jwt-authentication.js';
import { passAsNobody, passWithoutAsking } from './pass-without-asking.js';
import { standIn, type GuardedRequest } from '../transports/guarded-request.js';
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
    if (this.isLeftOut(rules)) return passAsNobody(this, context);
    const { classes } = this.choose(rules);
    const [first] = classes;
    const isKnown = first instanceof JwtAuthentication && passWithoutAsking(this, first, context);
    return isKnown || this.ask(classes, context);
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
    const [first] = this.choose(routeRules(context)).classes;
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
  protected abstract choose(rules: RouteRules): AuthenticationChoice;

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
    context: ExecutionContext,
  ): Promise<boolean> {
    const request = this.getRequest(context);
    let found: Authenticated | null = null;
    let failure: unknown = null;
    try {
      found = await this.find(classes, shownBy(request, context), context);
    } catch (error) {
      failure = error;
    }
    const user: unknown = found?.user ?? null;
    const authInfo = found ? { claims: found.claims } : undefined;
    // Not before: the request may be that of other calls, which see what theirs has found.
    request.authInfo = authInfo;
    // An override may take its time, as Passport's guards allow.
    keepUser(context, request, await this.handleRequest(failure, user, authInfo, context));
    return true;
  }
}

/**
 * The request as authentication classes see it. A guard of the host's may take the one that opened a socket for that of a
 * message: its method, a GET, says nothing about what the message does.
 */
function shownBy(request: GuardedRequest, context: ExecutionContext): GuardedRequest {
  if (context.getType() !== 'ws' || request.method === undefined) return request;
  const { headers, rawHeaders = request.raw?.rawHeaders, socket } = request;
  return standIn({ headers, rawHeaders, socket, token: request[BARE_TOKEN] });
}
