import type { AuthSettings } from '../config/auth-settings.js';
import { headerOf } from '../authentication/headers.js';
import type { CredentialSource } from '../transports/credential-source.js';

/** Settings that decide which pages may use the refresh cookie. */
export type OriginRules = Pick<AuthSettings, 'allowedOrigins' | 'refreshCookieSecure'>;

/**
 * Whether a browser made the request: every browser sends at least `Origin` with every POST, and no page can leave out or
 * change either header (Fetch §2.2.2, forbidden request-headers).
 */
export function isFromBrowser(request: CredentialSource): boolean {
  return headerOf(request, 'sec-fetch-site') !== '' || headerOf(request, 'origin') !== '';
}

/**
 * Whether a page of the server's own origin, or of an allowed one, made the request. A browser adds cookies to the requests
 * of any page, so that another site's form could refresh or log out (CSRF), or log its visitor in as another user.
 *
 * `same-origin` is the only value of `Sec-Fetch-Site` that is proof by itself (Fetch Metadata §2.1): `same-site` may be a
 * forgotten host of the same domain; `none` is a request that no page made, and these views are used by pages only.
 * Browsers that do not send this header send `Origin`; without both headers nothing is proved.
 */
export function isFromAllowedPage(request: CredentialSource, rules: OriginRules): boolean {
  const site = headerOf(request, 'sec-fetch-site');
  if (site === 'same-origin') return true;
  const origin = headerOf(request, 'origin');
  return (
    rules.allowedOrigins.includes(origin) || (site === '' && isSameOrigin(origin, request, rules))
  );
}

/**
 * The server's host is taken from the request, since a server behind a proxy does not know its own. The scheme counts too:
 * anybody on the way can change a page on a plain connection.
 */
function isSameOrigin(origin: string, request: CredentialSource, rules: OriginRules): boolean {
  const host = headerOf(request, 'host') || headerOf(request, ':authority');
  if (origin === originOf('https', host)) return true;
  return !rules.refreshCookieSecure && origin === originOf('http', host);
}

/** The origin as a browser writes it, also where a proxy has added the default port to the host. */
function originOf(scheme: string, host: string): string | null {
  const address = `${scheme}://${host}`;
  return URL.canParse(address) ? new URL(address).origin : null;
}
