import type { SettingName, Settings } from './settings.js';

/** A token of RFC 9110 §5.6.2, which a cookie's name is (RFC 6265 §4.1.1). */
const COOKIE_NAME = /^[\w!#$%&'*+.^`|~-]+$/;
const DOMAIN = /^[a-z0-9-]+(\.[a-z0-9-]+)+$/i;

/** What of the settings of the refresh cookie no browser would store, or would store without its protection. */
export function refreshCookieProblems(
  settings: Settings,
  nameOf: (name: SettingName) => string,
): string[] {
  const problems: string[] = [];
  const { refreshCookieName: name, refreshCookieDomain: domain } = settings;
  if (!COOKIE_NAME.test(name) || /^__(secure|host)-/i.test(name)) {
    problems.push(
      `${nameOf('refreshCookieName')} is not a cookie's name without its prefix, which is added. Example: refresh`,
    );
  }
  if (domain !== null && !DOMAIN.test(domain)) {
    problems.push(`${nameOf('refreshCookieDomain')} is not a domain. Example: example.com`);
  }
  if (settings.refreshCookieSameSite === 'none' && !settings.refreshCookieSecure) {
    problems.push(
      `${nameOf('refreshCookieSecure')} must be true with ${nameOf('refreshCookieSameSite')} none: browsers drop such a cookie otherwise. Example: true`,
    );
  }
  return problems;
}
