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

/** Reasons of a refused log-out by which the token opens nothing any more. */
const ENDED: ReadonlySet<string> = new Set(['blacklisted', 'session_ended', 'expired']);

/** A request on its way to its view. */
interface Exchange {
  readonly request: CookieRequest;
  readonly response: unknown;
  readonly next: CallHandler;
}

/**
 * Cookie mode (`REFRESH_COOKIE`) around the token views, which see tokens in bodies as ever; so do controllers that
 * extend them. A token goes back the way it came: whoever sends it in the body gets its successor in the body.
 *
 * A refused refresh leaves the cookie alone, whatever the reason. `Set-Cookie` cannot be made to depend on what the
 * browser holds when it arrives: a late refusal of an old token (`stale`) or of an ended session would delete the
 * successor, or the session of a log-in, that another tab got meanwhile; and the session of an inactive user lives again
 * (design §3). A dead cookie opens nothing, goes with its `Max-Age`, and the next log-in overwrites it.
 */
export class RefreshCookieInterceptor implements NestInterceptor {
  constructor(private readonly cookie: RefreshCookie) {}

  /**
   * Wraps the views of a controller where the mode is on, before Nest reads their metadata. Not by `@UseInterceptors`:
   * with the mode off there must be none, since even one that does nothing is a tenth of what a refresh costs. Two
   * applications made from one module class share the controller: what the earlier one has left goes.
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
      // Programs that are no browsers have no use for a cookie, and no page can pass for one.
      if (!isFromBrowser(request)) return next.handle();
      // Log-in CSRF: a form of another site would leave its visitor logged in as somebody else.
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
   * Ends what the browser holds, and what a neighbour has planted with a signature of ours beside it. Whoever logs out wants
   * the cookie gone, also when its session had ended before; not when nothing has ended, as where nobody could look, or
   * where this node alone does not know the key: the cookie would be lost and its session live on.
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
