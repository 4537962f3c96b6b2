import {
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
  type Type,
} from '@nestjs/common';
import { INTERCEPTORS_METADATA } from '@nestjs/common/constants.js';
import { from, lastValueFrom, map, type Observable } from 'rxjs';
import { AuthError } from '../common/errors.js';
import { HTTP_VIEW, type HttpViewInfo } from '../http/view.decorator.js';
import { isFromBrowser } from './refresh-cookie-origin.js';
import type { CookieRequest, CookieTokens, RefreshCookie } from './refresh-cookie.service.js';
import { TOKEN_VIEWS } from '../token-views/token-view.js';
import type { TokenController } from '../token-views/token.controller.js';

/** Reasons of a refused log-out that mean that the token has ended already. */
const ENDED: ReadonlySet<string> = new Set(['blacklisted', 'session_ended', 'expired']);

/** A request on its way to its view. */
interface Exchange {
  readonly request: CookieRequest;
  readonly response: unknown;
  readonly next: CallHandler;
}

/**
 * Cookie mode (`REFRESH_COOKIE`) around the token views. The views, and controllers that extend them, see tokens in
 * bodies in either mode. A token goes back the way it came: a client that sends it in the body gets its successor in the
 * body.
 *
 * A refused refresh leaves the cookie alone, whatever the reason. `Set-Cookie` cannot depend on what the browser holds
 * when the answer arrives: a late refusal of an old token (`stale`) or of an ended session would delete the successor, or
 * the session of a log-in, that another tab got meanwhile; and the session of an inactive user comes back with the user's
 * activation (design §3). A dead cookie opens nothing, expires by its `Max-Age`, and the next log-in overwrites it.
 */
export class RefreshCookieInterceptor implements NestInterceptor {
  constructor(private readonly cookie: RefreshCookie) {}

  /**
   * Wraps the views of a controller where the mode is on, before Nest reads their metadata. Not by `@UseInterceptors`:
   * with the mode off there must be no interceptor, since even an idle one is a tenth of the cost of a refresh. Two
   * applications made from one module class share the controller, so that the interceptor of the earlier one is removed.
   *
   * @returns null when the mode is off
   */
  static wrap(
    controller: Type<TokenController>,
    cookie: RefreshCookie,
  ): RefreshCookieInterceptor | null {
    const own = cookie.isOn ? new RefreshCookieInterceptor(cookie) : null;
    for (const view of TOKEN_VIEWS) {
      const handler = controller.prototype[view] as object;
      if (viewInfo(handler).refreshCookie === undefined) continue;
      const found = (Reflect.getMetadata(INTERCEPTORS_METADATA, handler) ?? []) as unknown[];
      const others = found.filter((one) => !(one instanceof RefreshCookieInterceptor));
      const all = own ? [own, ...others] : others;
      Reflect.defineMetadata(INTERCEPTORS_METADATA, all, handler);
    }
    return own;
  }

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const http = context.switchToHttp();
    const request = http.getRequest<CookieRequest>();
    const response: unknown = http.getResponse();
    const { refreshCookie } = viewInfo(context.getHandler());
    if (refreshCookie === 'gives') {
      // Programs other than browsers have no use for a cookie, and no page can pass for such a program.
      if (!isFromBrowser(request)) return next.handle();
      // Log-in CSRF: a form of another site would log its visitor in as another user.
      this.cookie.requireAllowedPage(request);
      return this.withCookie(next, response);
    }
    const found = await this.cookie.read(request);
    if (found === null) return next.handle();
    if (refreshCookie === 'ends') return from(this.end(found, { request, response, next }));
    if (found.tokens.length > 1) this.cookie.sweep(request, response);
    request.body = {
      ...(request.body as object | undefined),
      refresh: this.cookie.requireOne(found),
    };
    return this.withCookie(next, response);
  }

  private withCookie(next: CallHandler, response: unknown): Observable<unknown> {
    return next.handle().pipe(map((answer) => this.cookie.moveOutOfAnswer(answer, response)));
  }

  /**
   * Ends the session of the browser's cookie, and those of tokens of ours that another host of the domain has planted beside
   * it. Log-out deletes the cookie, also when its session had ended before; but not when no session has ended, as where the
   * database is unreachable or this node does not know the key: the cookie would be lost and its session live on.
   */
  private async end(
    { tokens, hasOthers }: CookieTokens,
    { request, response, next }: Exchange,
  ): Promise<unknown> {
    const body = request.body ?? {};
    const answers: unknown[] = [];
    const failures: unknown[] = [];
    for (const refresh of tokens) {
      request.body = { ...body, refresh };
      try {
        answers.push(await lastValueFrom(next.handle()));
      } catch (error) {
        failures.push(error);
      }
    }
    const fault = failures.find(
      (error) => !(error instanceof AuthError) || error.getStatus() >= 500,
    );
    if (fault !== undefined) throw fault;
    const ended = failures.find((error) => error instanceof AuthError && ENDED.has(error.reason));
    if (answers.length === 0 && ended === undefined) throw failures[0];
    this.cookie.clear(response);
    if (hasOthers) this.cookie.sweep(request, response, true);
    if (answers.length === 0) throw ended;
    return answers[0];
  }
}

function viewInfo(handler: object): HttpViewInfo {
  return Reflect.getMetadata(HTTP_VIEW, handler) as HttpViewInfo;
}
