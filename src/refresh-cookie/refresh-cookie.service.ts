import { Injectable, Logger } from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { Clock } from '../common/clock.js';
import { AuthError, InvalidTokenError } from '../common/errors.js';
import { RawBody, parseRequestBody } from '../http/request-body.js';
import { AuthSettings } from '../config/auth-settings.js';
import { parseCompact } from '../tokens/domain/compact.js';
import { RefreshToken } from '../tokens/domain/token-kind.js';
import { TokensService } from '../tokens/tokens.service.js';
import { headerOf } from '../authentication/headers.js';
import type { CredentialSource } from '../transports/credential-source.js';
import { httpViewsOf } from '../http/views.js';
import {
  cookieValues,
  domainsOf,
  refreshCookieForm,
  refreshCookieName,
  setCookies,
  sweepingCookies,
  type RefreshCookieForm,
} from './refresh-cookie.js';
import { isFromAllowedPage } from './refresh-cookie-origin.js';

/** Bytes of a cookie that every browser stores (RFC 6265 §6.1); browsers drop a longer cookie silently. */
const LARGEST_COOKIE = 4096;

/** Values of one cookie that are checked: each costs a signature, and a browser holds 180 cookies of a domain. */
const MOST_VALUES = 32;

/** A request of any platform, whose body the token views read. */
export type CookieRequest = CredentialSource & { body?: unknown; readonly url?: string };

/** Refresh tokens that a request brings by cookie, at least one. */
export interface CookieTokens {
  readonly tokens: readonly string[];
  /** Whether the cookie came with several values, of which at most one is ours. */
  readonly hasOthers: boolean;
}

/** Carries the refresh token between the bodies of the views and the browser's cookie. */
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
    private readonly tokens: TokensService,
  ) {
    this.isOn = settings.refreshCookie;
    this.name = refreshCookieName(settings);
  }

  /**
   * The tokens in the cookie of a request that has no token in its body. A token in the body wins: the client chose it,
   * while a browser adds the cookie to the requests of any page.
   *
   * @returns null when there are none
   * @throws AuthError `origin_not_allowed` when another site may have made the request
   * @throws AuthError `parse_error` for a malformed body
   */
  async read(request: CookieRequest): Promise<CookieTokens | null> {
    const values = cookieValues(request.headers['cookie'] as string | undefined, this.name);
    const [first] = values;
    if (first === undefined) return null;
    const body =
      request.body instanceof RawBody ? await parseRequestBody(request.body) : request.body;
    request.body = body;
    if (!isForm(body) || (body && Object.hasOwn(body, 'refresh'))) return null;
    this.requireAllowedPage(request);
    if (values.length === 1) return { tokens: [first], hasOthers: false };
    // Another host of the domain has planted values. Where none of them is ours, the view says what is wrong with the first.
    const signed = await this.signedOnes(values.slice(0, MOST_VALUES));
    return { tokens: signed.length > 0 ? signed : [first], hasOthers: true };
  }

  /**
   * The one token of a request that must not guess between several.
   *
   * @throws AuthError `parse_error`
   */
  requireOne({ tokens }: CookieTokens): string {
    const [token = '', other] = tokens;
    if (other === undefined) return token;
    throw new AuthError('parse_error', {
      detail: `The cookie ${this.name} is given with different values.`,
    });
  }

  /** Refresh tokens with a good signature, ended ones too: the view decides what they still open. */
  private async signedOnes(values: readonly string[]): Promise<string[]> {
    const signed: string[] = [];
    for (const value of values) if (await this.isSigned(value)) signed.push(value);
    return signed;
  }

  private async isSigned(token: string): Promise<boolean> {
    try {
      await this.tokens.decode(token);
    } catch (error) {
      if (!(error instanceof InvalidTokenError)) throw error;
      if (error.reason !== 'expired') return false;
    }
    const claims = parseCompact(token)?.claims ?? {};
    return this.tokens.kindProblem(claims, RefreshToken) === null;
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

  /**
   * Deletes the cookies that other hosts of the domain have planted beside ours. Called only where they do harm: another
   * host of the domain may have a right to a cookie of this name.
   *
   * @param isOver - our cookie is deleted too; a browser may take it for one with the domain of its host
   */
  sweep(request: CookieRequest, response: unknown, isOver = false): void {
    const [own, ...above] = domainsOf(headerOf(request, 'host') || headerOf(request, ':authority'));
    const domains = isOver && own !== undefined ? [own, ...above] : above;
    const [path = '/'] = (request.url ?? '/').split('?', 1);
    const paths = this.settings.refreshCookiePaths ?? [path];
    for (const line of sweepingCookies(this.readForm(), domains, paths)) {
      this.adapterHost.httpAdapter.appendHeader?.(response, 'Set-Cookie', line);
    }
  }

  private send(response: unknown, token: string, maxAge: number): void {
    for (const line of setCookies(this.readForm(), token, maxAge)) {
      if (line.length > LARGEST_COOKIE) {
        this.logger.warn({ event: 'refresh_cookie_too_large', bytes: line.length });
      }
      // Appended, since the host may set other cookies.
      this.adapterHost.httpAdapter.appendHeader?.(response, 'Set-Cookie', line);
    }
  }

  /** The paths of the views are known when all modules and the global prefix are there: at the first request. */
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

/** Whether a body can have fields; no body counts as an empty form (contract §3). */
function isForm(body: unknown): body is object | undefined {
  return body === undefined || (typeof body === 'object' && body !== null && !Array.isArray(body));
}
