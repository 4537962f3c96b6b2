/** Names of the token views. */
export type TokenView =
  'obtainPair' | 'refresh' | 'verify' | 'blacklist' | 'obtainSliding' | 'refreshSliding';

/**
 * Paths of the token views, case-sensitive. One that ends in a slash is served without it as well.
 *
 * @publicApi
 */
export type TokenPaths = { readonly [V in TokenView]: readonly string[] };

/** The paths of contract §1. */
export const DEFAULT_TOKEN_PATHS: TokenPaths = {
  obtainPair: ['/login/simpleJWT', '/api/token/'],
  refresh: ['/login/simpleJWT/refresh', '/api/token/refresh/'],
  verify: ['/login/simpleJWT/verify', '/api/token/verify/'],
  blacklist: ['/login/simpleJWT/blacklist', '/api/token/blacklist/'],
  obtainSliding: ['/login/simpleJWT/sliding'],
  refreshSliding: ['/login/simpleJWT/sliding/refresh'],
};

export const TOKEN_VIEWS = Object.keys(DEFAULT_TOKEN_PATHS) as readonly TokenView[];
