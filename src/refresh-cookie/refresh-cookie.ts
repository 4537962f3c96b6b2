import { isIP } from 'node:net';
import { parse, serialize } from 'cookie';
import type { AuthSettings } from '../config/auth-settings.js';

/** Name and attributes of the refresh cookie. */
export interface RefreshCookieForm {
  readonly name: string;
  readonly secure: boolean;
  readonly sameSite: 'strict' | 'lax' | 'none';
  /** Undefined: the cookie goes only to the host that has set it. */
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
 * The name with its prefix (RFC 6265bis §4.1.3): with `__Secure-` nobody on a plain connection can plant a cookie of this
 * name. With `__Host-` sibling hosts could not either, but browsers accept that prefix for the path `/` only, and there
 * every handler of the host would see the token; the prefix is used where the settings ask for that path.
 */
export function refreshCookieName(settings: AuthSettings): string {
  const { refreshCookieName: name, refreshCookiePaths: paths } = settings;
  if (!settings.refreshCookieSecure) return name;
  const isWholeHost = paths?.length === 1 && paths[0] === '/';
  return `${isWholeHost && settings.refreshCookieDomain === null ? '__Host-' : '__Secure-'}${name}`;
}

/**
 * The fewest cookie paths that cover these paths and no other view: the paths themselves, without those below another. A
 * common prefix would need fewer cookies, but for `/api/refresh` and `/api/logout` it is `/api`, which covers everything.
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
 * The different values that a request brings under a name; one cookie for several paths has one value. The order of
 * several values proves nothing: an attacker who can plant a cookie chooses its place (RFC 6265 §5.4).
 */
export function cookieValues(header: string | undefined, name: string): string[] {
  const values = (header ?? '').split(';').flatMap((pair) => parse(pair)[name] || []);
  return [...new Set(values)];
}

/** How many domains are swept: a host with a long name must not cause a long answer. */
const MOST_DOMAINS = 4;

/**
 * Values of `Set-Cookie` that delete what others can have planted for these domains: cookies of the name on every path that
 * would be sent with the request. Browsers ignore the line for a cookie that does not exist or that this host may not
 * delete.
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
 * The domains whose cookies a browser sends to a host: `a.b.example.com`, `b.example.com` and `example.com` for the first.
 *
 * @param host - as the browser names it, with or without its port
 */
export function domainsOf(host: string): string[] {
  const bare = host.replace(/:\d+$/, '');
  if (isIP(bare) !== 0 || bare.startsWith('[')) return [];
  const labels = bare.split('.');
  // Browsers refuse a cookie for a single label, such as `com`.
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
