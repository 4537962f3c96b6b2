import type { AuthSettings } from '../config/auth-settings.js';
import { headerOf } from '../authentication/headers.js';
import type { CredentialSource } from '../transports/credential-source.js';

/** What decides which pages may use the refresh cookie. */
export type OriginRules = Pick<AuthSettings, 'allowedOrigins' | 'refreshCookieSecure'>;

/**
 * Whether a browser made the request: each of them sends at least `Origin` with every POST, and no page can leave out or
 * change either header (Fetch §2.2.2, forbidden request-headers).
 */
export function isFromBrowser(request: CredentialSource): boolean {
  return headerOf(request, 'sec-fetch-site') !== '' || headerOf(request, 'origin') !== '';
}

/**
 * Whether a page of our own origin, or of an allowed one, made the request. A browser adds cookies to whatever any page
 * sends, so that another site's form could refresh or log out (CSRF), or log its visitor in as somebody else.
 *
 * `same-origin` is the only value of `Sec-Fetch-Site` that proves it by itself (Fetch Metadata §2.1): `same-site` may be a
 * forgotten host beside ours; `none` is a request without a page behind it, which no use of these views is. Browsers that
 * do not send it name their `Origin`; with neither of them nothing is proved.
 */
export function isFromAllowedPage(request: CredentialSource, rules: OriginRules): boolean {
  const site = headerOf(request, 'sec-fetch-site');
  if (site === 'same-origin') return true;
  const origin = headerOf(request, 'origin');
  return rules.allowedOrigins.includes(origin) || (site === '' && isOwn(origin, request, rules));
}

/**
 * The host that was asked for is taken from the request, since a server behind a proxy does not know its own. The scheme
 * counts too: a page on a plain connection anybody on the way can have written.
 */
function isOwn(origin: string, request: CredentialSource, rules: OriginRules): boolean {
  const host = headerOf(request, 'host') || headerOf(request, ':authority');
  if (origin === originOf('https', host)) return true;
  return !rules.refreshCookieSecure && origin === originOf('http', host);
}

/** As a browser writes it, also where a proxy adds the port that goes without saying. */
function originOf(scheme: string, host: string): string | null {
  const address = `${scheme}://${host}`;
  return URL.canParse(address) ? new URL(address).origin : null;
}
