import { Injectable, Logger } from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { Clock } from '../common/clock.js';
import { AuthError } from '../common/errors.js';
import { RawBody, parseRequestBody } from '../common/request-body.js';
import { AuthSettings } from '../config/auth-settings.js';
import { parseCompact } from '../tokens/domain/compact.js';
import type { CredentialSource } from './authenticated-user.js';
import { httpViewsOf } from './http-views.js';
import {
  cookieValues,
  refreshCookieForm,
  refreshCookieName,
  setCookies,
  type RefreshCookieForm,
} from './refresh-cookie.js';
import { isFromAllowedPage } from './refresh-cookie-origin.js';

/** Bytes of a cookie that browsers store at least (RFC 6265 §6.1); they drop a longer one without a word. */
const LARGEST_COOKIE = 4096;

/** A request of any platform, whose body the token views read. */
export type CookieRequest = CredentialSource & { body?: unknown };

/** Carries the refresh token between the views, which know it in bodies, and the browser's cookie. */
@Injectable()
export class RefreshCookie {
  /** False: no cookie is ever read or set. */
  readonly isOn: boolean;
  private readonly logger = new Logger('RefreshCookie');
  private readonly name: string;
  private form: RefreshCookieForm | null = null;

  constructor(
    private readonly settings: AuthSettings,
    private readonly clock: Clock,
    private readonly adapterHost: HttpAdapterHost,
    private readonly modules: ModulesContainer,
    private readonly application: ApplicationConfig,
  ) {
    this.isOn = settings.refreshCookie;
    this.name = refreshCookieName(settings);
  }

  /**
   * Puts the cookie's token into a body that has none. A token in the body wins: the client chose it, while a browser
   * adds the cookie to whatever any page sends.
   *
   * @returns whether it did
   * @throws AuthError `origin_not_allowed` when another site may have made the request
   * @throws AuthError `parse_error` for a malformed body, or for cookies of which one must be planted
   */
  async moveIntoBody(request: CookieRequest): Promise<boolean> {
    const [token, other] = cookieValues(request.headers['cookie'] as string | undefined, this.name);
    if (token === undefined) return false;
    const body =
      request.body instanceof RawBody ? await parseRequestBody(request.body) : request.body;
    request.body = body;
    if (!isForm(body) || (body && Object.hasOwn(body, 'refresh'))) return false;
    this.requireAllowedPage(request);
    if (other !== undefined) {
      throw new AuthError('parse_error', {
        detail: `The cookie ${this.name} is given with different values.`,
      });
    }
    request.body = { ...body, refresh: token };
    return true;
  }

  /** @throws AuthError `origin_not_allowed` */
  requireAllowedPage(request: CredentialSource): void {
    if (!isFromAllowedPage(request, this.settings)) throw new AuthError('origin_not_allowed');
  }

  /** Sets the cookie to the refresh token of an answer, and gives the answer without it. */
  moveOutOfAnswer(answer: unknown, response: unknown): unknown {
    const { refresh, ...rest } = (answer ?? {}) as Record<string, unknown>;
    if (typeof refresh !== 'string') return answer;
    const end = Number(parseCompact(refresh)?.claims['exp']);
    this.send(response, refresh, Math.max(0, Math.floor(end) - this.clock.seconds()));
    return rest;
  }

  clear(response: unknown): void {
    this.send(response, '', 0);
  }

  private send(response: unknown, token: string, maxAge: number): void {
    for (const line of setCookies(this.readForm(), token, maxAge)) {
      if (line.length > LARGEST_COOKIE) {
        this.logger.warn({ event: 'refresh_cookie_too_large', bytes: line.length });
      }
      // Appended: the host may set cookies of its own.
      this.adapterHost.httpAdapter.appendHeader?.(response, 'Set-Cookie', line);
    }
  }

  /** Where the views are is known only when all modules and the global prefix are there: at the first request. */
  private readForm(): RefreshCookieForm {
    this.form ??= refreshCookieForm(
      this.settings,
      httpViewsOf(this.modules, this.application)
        .filter(({ info }) => info.refreshCookie === 'takes' || info.refreshCookie === 'ends')
        .map(({ path }) => path),
    );
    return this.form;
  }
}

/** What can have a field, as far as the views read it; nothing at all counts as an empty form (contract §3). */
function isForm(body: unknown): body is object | undefined {
  return body === undefined || (typeof body === 'object' && body !== null && !Array.isArray(body));
}
