import { isIP } from 'node:net';
import { parse, serialize } from 'cookie';
import type { AuthSettings } from '../config/auth-settings.js';

/** How the refresh cookie is written. */
export interface RefreshCookieForm {
  readonly name: string;
  readonly secure: boolean;
  readonly sameSite: 'strict' | 'lax' | 'none';
  /** Undefined: the host alone that sets it. */
  readonly domain: string | undefined;
  /** Values of `Path`; one cookie for each. */
  readonly paths: readonly string[];
}

/** @param viewPaths - where refresh and log-out are served */
export function refreshCookieForm(
  settings: AuthSettings,
  viewPaths: readonly string[],
): RefreshCookieForm {
  return {
    name: refreshCookieName(settings),
    secure: settings.refreshCookieSecure,
    sameSite: settings.refreshCookieSameSite,
    domain: settings.refreshCookieDomain ?? undefined,
    paths: coveringPaths(settings.refreshCookiePaths ?? viewPaths),
  };
}

/**
 * The name with its prefix (RFC 6265bis §4.1.3): `__Secure-` keeps anybody on a plain connection from planting a cookie
 * of this name. `__Host-` would keep sibling hosts from it as well, but a browser takes it for the path `/` only, on
 * which every handler of the host would see the token; it is there for whoever asks for that path.
 */
export function refreshCookieName(settings: AuthSettings): string {
  const { refreshCookieName: name, refreshCookiePaths: paths } = settings;
  if (!settings.refreshCookieSecure) return name;
  const isWholeHost = paths?.length === 1 && paths[0] === '/';
  return `${isWholeHost && settings.refreshCookieDomain === null ? '__Host-' : '__Secure-'}${name}`;
}

/**
 * The fewest paths that are sent to all of these and to no other view: exact ones, without those below another. A
 * common prefix would be fewer cookies, but for `/api/refresh` and `/api/logout` it is `/api`, which is everything.
 */
export function coveringPaths(paths: readonly string[]): string[] {
  const bare = new Set(paths.map((path) => path.replace(/\/$/, '') || '/'));
  return [...bare].filter((path) =>
    [...bare].every((other) => other === path || !isBelow(path, other)),
  );
}

/** RFC 6265 §5.1.4. */
function isBelow(path: string, other: string): boolean {
  return path.startsWith(other === '/' ? other : `${other}/`);
}

/**
 * The different values that a request brings under a name; of one cookie for several paths there is only one. The order
 * of several is no help: whoever can plant a cookie chooses its place (RFC 6265 §5.4).
 */
export function cookieValues(header: string | undefined, name: string): string[] {
  const values = (header ?? '').split(';').flatMap((pair) => parse(pair)[name] || []);
  return [...new Set(values)];
}

/** Domains that are swept, so that a host's long name makes no long answer. */
const MOST_DOMAINS = 4;

/**
 * Values of `Set-Cookie` that delete what others can have planted for these domains: a cookie of the name on any path that a
 * request's path lies on. Browsers leave alone what is not there, and what is not this host's to delete.
 *
 * @param requestPaths - of requests that are sent such a cookie
 */
export function sweepingCookies(
  { name, secure, domain: own, paths: ownPaths }: RefreshCookieForm,
  domains: readonly string[],
  requestPaths: readonly string[],
): string[] {
  const places = [...new Set(requestPaths.flatMap(pathsAbove))];
  return domains.flatMap((domain) =>
    places
      .filter((path) => domain !== own || !ownPaths.includes(path))
      .map((path) => serialize(name, '', { secure, domain, path, maxAge: 0 })),
  );
}

/**
 * The domains for which cookies come to a host: `a.b.example.com`, `b.example.com` and `example.com` for the first of them.
 *
 * @param host - as the browser asked for it, with its port or without
 */
export function domainsOf(host: string): string[] {
  const bare = host.replace(/:\d+$/, '');
  if (isIP(bare) !== 0 || bare.startsWith('[')) return [];
  const labels = bare.split('.');
  // One for a single label, such as `com`, is refused by browsers.
  const domains = labels.slice(0, -1).map((_, index) => labels.slice(index).join('.'));
  return domains.slice(0, 1).concat(domains.slice(1).slice(1 - MOST_DOMAINS));
}

/** `/`, `/a`, `/a/` and `/a/b` for `/a/b` (RFC 6265 §5.1.4). */
function pathsAbove(path: string): string[] {
  const steps = path.split('/').slice(1);
  const above = steps.slice(0, -1).map((_, index) => `/${steps.slice(0, index + 1).join('/')}`);
  return ['/', ...above.flatMap((place) => [place, `${place}/`]), path];
}

/**
 * Values of `Set-Cookie`.
 *
 * @param maxAge - seconds; 0 deletes the cookie
 */
export function setCookies(form: RefreshCookieForm, token: string, maxAge: number): string[] {
  const { name, secure, sameSite, domain } = form;
  return form.paths.map((path) =>
    serialize(name, token, { httpOnly: true, secure, sameSite, domain, path, maxAge }),
  );
}
