import { isOpenToOthers } from './key-contradictions.js';
import type { SettingName, Settings } from './settings.js';

/** What is fit for trying out and not for production, in the server and in a host alike. */
export function productionProblems(
  settings: Settings,
  nameOf: (name: SettingName) => string,
): string[] {
  const { refreshCookieSecure, jwkUrl, allowedOrigins } = settings;
  const problems: string[] = [];
  if (!refreshCookieSecure) {
    problems.push(
      `${nameOf('refreshCookieSecure')} must be true with NODE_ENV=production: anybody on the way could read the cookie. Example: true`,
    );
  }
  if (jwkUrl && URL.canParse(jwkUrl) && isOpenToOthers(jwkUrl)) {
    problems.push(
      `${nameOf('jwkUrl')} must begin with https: with NODE_ENV=production: anybody on the way could put in a key. Example: https://login.example.com/.well-known/jwks.json`,
    );
  }
  const open = allowedOrigins.find(isOpenToOthers);
  if (open !== undefined) {
    problems.push(
      `${nameOf('allowedOrigins')} holds "${open}", which must begin with https: with NODE_ENV=production: anybody on the way could put a script into its pages. Example: https://app.example.com`,
    );
  }
  return problems;
}
