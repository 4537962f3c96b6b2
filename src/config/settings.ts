import { ALGORITHMS } from '../keys/domain/algorithm.js';
import { clientList } from './client-list.js';
import { cookiePaths } from './cookie-paths.js';
import { originList } from './origin-list.js';
import { rangeList } from './range-list.js';
import {
  bool,
  choice,
  duration,
  integer,
  list,
  listOf,
  nullable,
  rate,
  secrets,
  text,
  textOrList,
  type RateLimit,
  type SettingType,
} from './setting-type.js';

/** Authentication classes of this package (contract §11). A host adds its own with `overrides.authentications`. */
export const AUTHENTICATION_CLASSES = [
  'JWTAuthentication',
  'JWTStatelessUserAuthentication',
  'BasicAuthentication',
  'TokenAuthentication',
  'SessionAuthentication',
] as const;

export type StandardAuthenticationClass = (typeof AUTHENTICATION_CLASSES)[number];

/**
 * The name of an authentication class: of this package, or one that a host adds.
 *
 * @publicApi
 */
export type AuthenticationClass = StandardAuthenticationClass | (string & Record<never, never>);

/** One row of the settings table: the only place where a default is written. */
export interface Setting<T> {
  readonly type: SettingType<T>;
  readonly default: T;
  /** The default under the profile `parity`, where it differs. */
  readonly parity?: T;
  readonly meaning: string;
  /** Who defined it: SimpleJWT (contract §13), Django REST framework (contract §11), or this package (design §2). */
  readonly from: 'SimpleJWT' | 'DRF' | 'ours';
  /** The environment's name, where it is not made from the option's. */
  readonly env?: string;
  /** Never shown, not even in part. */
  readonly secret?: true;
}

/** The value's type comes from `type` alone: a default must not widen a choice of words to any text. */
const row = <T>(
  setting: Omit<Setting<T>, 'default' | 'parity'> & {
    default: NoInfer<T>;
    parity?: NoInfer<T>;
  },
): Setting<T> => setting;

/**
 * Every setting. The key is the option's name; the environment's name is `SIMPLE_JWT_` and the key in capitals
 * (`accessTokenLifetime` → `SIMPLE_JWT_ACCESS_TOKEN_LIFETIME`). Durations are seconds.
 */
export const SETTINGS = {
  profile: row({
    type: choice('secure', 'parity'),
    default: 'secure',
    meaning:
      'The set of defaults: `secure` for new systems, `parity` for replacing, or running beside, a Django server.',
    from: 'ours',
  }),
  accessTokenLifetime: row({
    type: duration,
    default: 300,
    meaning: 'How long an access token is good.',
    from: 'SimpleJWT',
  }),
  refreshTokenLifetime: row({
    type: duration,
    default: 86_400,
    meaning: 'How long a refresh token is good.',
    from: 'SimpleJWT',
  }),
  rotateRefreshTokens: row({
    type: bool,
    default: true,
    parity: false,
    meaning: 'A refresh also gives a new refresh token.',
    from: 'SimpleJWT',
  }),
  blacklistAfterRotation: row({
    type: bool,
    default: true,
    parity: false,
    meaning: 'A refresh token that was rotated is spent: using it again is refused.',
    from: 'SimpleJWT',
  }),
  updateLastLogin: row({
    type: bool,
    default: false,
    meaning: 'Log-in writes `last_login`; also the switch for the `onLoginSuccess` hook.',
    from: 'SimpleJWT',
  }),
  algorithm: row({
    type: choice(...ALGORITHMS),
    default: 'HS256',
    meaning: 'The only algorithm that tokens are signed with and accepted in.',
    from: 'SimpleJWT',
  }),
  signingKey: row({
    type: text,
    default: '',
    meaning:
      'Random HMAC secret of at least 32 bytes (in `secure` 48 for HS384, 64 for HS512, and no placeholder), or the private key in PEM. Unset: made at the first start and kept in `DATA_DIR` (refused in production). A host with `AuthModule` must give one.',
    from: 'SimpleJWT',
    secret: true,
  }),
  previousSigningKeys: row<readonly string[]>({
    type: secrets,
    default: [],
    meaning:
      'Former values of the signing key, or the public keys in PEM: tokens signed with them go on verifying, new ones are signed with the signing key. Weak ones are accepted with a warning. Separated by commas, or a JSON list.',
    from: 'ours',
    secret: true,
  }),
  verifyingKey: row({
    type: text,
    default: '',
    meaning: 'Public key in PEM; empty: derived from the signing key. Unused for HMAC.',
    from: 'SimpleJWT',
  }),
  audience: row<string | readonly string[] | null>({
    type: nullable(textOrList),
    default: null,
    meaning: 'Written as `aud` and required.',
    from: 'SimpleJWT',
  }),
  issuer: row<string | null>({
    type: nullable(text),
    default: null,
    meaning: 'Written as `iss` and required.',
    from: 'SimpleJWT',
  }),
  jwkUrl: row<string | null>({
    type: nullable(text),
    default: null,
    meaning:
      'Address of a JWK Set; tokens that name a `kid` of it are verified with it. Unused for HMAC.',
    from: 'SimpleJWT',
  }),
  leeway: row({
    type: duration,
    default: 0,
    meaning:
      'Tolerance for `exp`, `nbf`, `iat` and the refresh end; does not change what is issued.',
    from: 'SimpleJWT',
  }),
  authHeaderTypes: row<readonly string[]>({
    type: list,
    default: ['Bearer'],
    meaning: 'Keywords accepted before the token; the first one names the challenge.',
    from: 'SimpleJWT',
  }),
  authHeaderName: row({
    type: text,
    default: 'HTTP_AUTHORIZATION',
    meaning:
      'Header that carries the token, in CGI form: `HTTP_X_ACCESS_TOKEN` is `X-Access-Token`.',
    from: 'SimpleJWT',
  }),
  userIdField: row({
    type: choice('id', 'username', 'email'),
    default: 'id',
    meaning:
      'Column of the user table that the user id claim holds. It should be unique: users who share a value, or have none, get no token.',
    from: 'SimpleJWT',
  }),
  userIdClaim: row({
    type: text,
    default: 'user_id',
    meaning: 'Claim that names the user.',
    from: 'SimpleJWT',
  }),
  authTokenClasses: row({
    type: listOf('AccessToken', 'SlidingToken', 'RefreshToken', 'UntypedToken'),
    default: ['AccessToken'],
    meaning: 'Kinds of token that the guard accepts.',
    from: 'SimpleJWT',
  }),
  tokenTypeClaim: row<string | null>({
    type: nullable(text),
    default: 'token_type',
    meaning: 'Claim that holds the type; `none` switches the type check off.',
    from: 'SimpleJWT',
  }),
  jtiClaim: row<string | null>({
    type: nullable(text),
    default: 'jti',
    meaning: "Claim that holds the token's id; `none` switches the id check off.",
    from: 'SimpleJWT',
  }),
  slidingTokenLifetime: row({
    type: duration,
    default: 300,
    meaning: 'How long a sliding token is good.',
    from: 'SimpleJWT',
  }),
  slidingTokenRefreshLifetime: row({
    type: duration,
    default: 86_400,
    meaning: 'How long a sliding token can be extended.',
    from: 'SimpleJWT',
  }),
  slidingTokenRefreshExpClaim: row({
    type: text,
    default: 'refresh_exp',
    meaning: 'Claim that holds the refresh end of a sliding token.',
    from: 'SimpleJWT',
  }),
  checkRevokeToken: row({
    type: bool,
    default: false,
    meaning:
      'Tokens carry a digest of the stored password and end when it changes: those of the session that changes it too.',
    from: 'SimpleJWT',
  }),
  revokeTokenClaim: row({
    type: text,
    default: 'hash_password',
    meaning: 'Claim that holds the digest.',
    from: 'SimpleJWT',
  }),
  checkUserIsActive: row({
    type: bool,
    default: true,
    meaning: 'Refresh and the guard refuse inactive users.',
    from: 'SimpleJWT',
  }),
  ledger: row({
    type: choice('sessions', 'django'),
    default: 'sessions',
    parity: 'django',
    meaning:
      "Where refresh tokens are kept: one row for each session, or Django's own `token_blacklist_*` tables.",
    from: 'ours',
  }),
  rotationGracePeriod: row({
    type: duration,
    default: 180,
    parity: 0,
    meaning:
      'How long a superseded refresh token counts as fresh; 0 switches replay and recovery off altogether.',
    from: 'ours',
  }),
  rotationRecovery: row({
    type: bool,
    default: true,
    parity: false,
    meaning:
      'A client that lost an answer and comes back from nearby (its user agent or its network) gets a new successor; the unused one dies.',
    from: 'ours',
  }),
  reuseEndsSession: row({
    type: choice('other-client', 'always', 'never'),
    default: 'other-client',
    parity: 'never',
    meaning:
      "When a spent refresh token that comes back ends its session: from another client than the last rotation's, always but for the same client's fresh duplicate, or never.",
    from: 'ours',
  }),
  checkSession: row({
    type: bool,
    default: true,
    parity: false,
    meaning: 'Access tokens of an ended session are refused at once; or live to their `exp`.',
    from: 'ours',
  }),
  acceptUnknownTokens: row({
    type: bool,
    default: false,
    parity: true,
    meaning:
      'A refresh token with a good signature that the session ledger has never seen (a Django server issued it) is adopted. The Django ledger always accepts them.',
    from: 'ours',
  }),
  sessionMaxLifetime: row<number | null>({
    type: nullable(duration),
    default: 7_776_000,
    parity: null,
    meaning: 'Absolute end of a session, which refreshing does not extend.',
    from: 'ours',
  }),
  sessionsPerUser: row<number | null>({
    type: nullable(integer(1, 10_000)),
    default: null,
    meaning:
      'Live sessions of one user at most: at a log-in the least recently used one goes. `none`: any number.',
    from: 'ours',
  }),
  passwordMinLength: row<number | null>({
    type: nullable(integer(1, 128)),
    default: 8,
    parity: null,
    meaning:
      'Characters that a new password has at least; one of the commonest is refused too. `none`: any password will do. Users of `USERS_FIXTURE` are exempt.',
    from: 'ours',
  }),
  loginLimit: row<RateLimit | null>({
    type: nullable(rate),
    default: { attempts: 10, window: 900 },
    parity: null,
    meaning:
      'Failed log-ins to one account (the one that is found, else the name) before 429 with `Retry-After`. Successes do not count. Clients that the user has logged in from within 30 days, and changes of a password, are counted apart.',
    from: 'ours',
  }),
  loginLimitAddress: row<RateLimit | null>({
    type: nullable(rate),
    default: { attempts: 100, window: 900 },
    parity: null,
    meaning:
      'Failed log-ins from one client address before 429; of IPv6 from one /64, four times as many from a /56, 16 times from a /48.',
    from: 'ours',
  }),
  refreshLimit: row<RateLimit | null>({
    type: nullable(rate),
    default: null,
    meaning: 'Refreshes of one session before 429.',
    from: 'ours',
  }),
  refreshRecomputesClaims: row({
    type: bool,
    default: true,
    parity: false,
    meaning:
      "A refresh asks the host's `TokenClaims` again; or copies its claims from the presented token, as SimpleJWT does. Without a hook nothing is asked.",
    from: 'ours',
  }),
  redisUrl: row<string | null>({
    type: nullable(text),
    default: null,
    meaning:
      'Redis or Valkey that counts attempts, `redis://user:password@host:port/number`; while it is away Postgres counts. `none`: Postgres. Needs the package `redis`.',
    from: 'ours',
    env: 'REDIS_URL',
    secret: true,
  }),
  trustedProxies: row<readonly string[]>({
    type: rangeList,
    default: [],
    meaning:
      'Addresses and networks whose `X-Forwarded-For` and `Forwarded` count; `none` trusts nobody.',
    from: 'ours',
    env: 'TRUSTED_PROXIES',
  }),
  passwordHasher: row({
    type: choice('argon2', 'pbkdf2_sha256'),
    default: 'argon2',
    meaning:
      'Format of new password hashes; a stored one in another format is rewritten at log-in. `pbkdf2_sha256` is what Django reads without further packages.',
    from: 'ours',
  }),
  authenticationClasses: row<readonly AuthenticationClass[]>({
    // Names in options may be those of a host's classes, which `AuthenticationChain` knows.
    type: {
      ...listOf<AuthenticationClass>(...AUTHENTICATION_CLASSES),
      fromOption: list.fromOption,
    },
    default: ['JWTAuthentication'],
    meaning: 'Authentication classes of guarded routes, in the order in which they are tried.',
    from: 'DRF',
    env: 'AUTHENTICATION_CLASSES',
  }),
  sessionSecretKey: row<string | null>({
    type: nullable(text),
    default: null,
    meaning:
      "Django's `SECRET_KEY`, with which its sessions are signed (`SessionAuthentication`). `none`: the signing key, where that is an HMAC secret. At least 32 bytes.",
    from: 'DRF',
    env: 'SESSION_SECRET_KEY',
    secret: true,
  }),
  keyEncryptionKey: row<string | null>({
    type: nullable(text),
    default: null,
    meaning:
      'Random secret of at least 32 bytes that seals the private keys of the key ring in the database. Needed as soon as the ring holds one.',
    from: 'ours',
    env: 'KEY_ENCRYPTION_KEY',
    secret: true,
  }),
  keyRotationInterval: row<number | null>({
    type: nullable(duration),
    default: null,
    meaning:
      'Time between two rotations of the signing key of the key ring, at least 20 minutes; the next key is published a day, or half of a shorter interval, before it signs. `none`: keys rotate by command only.',
    from: 'ours',
  }),
  databaseFeedUrl: row<string | null>({
    type: nullable(text),
    default: null,
    meaning:
      'Direct connection of the change feed, where the database is reached through a pooler; `postgres://…`. `none`: as the database.',
    from: 'ours',
    env: 'DATABASE_FEED_URL',
    secret: true,
  }),
  refreshCookie: row({
    type: bool,
    default: false,
    meaning:
      'Browsers get the refresh token in an HttpOnly cookie, which only refresh and blacklist read, in place of the body. Sliding tokens stay in bodies.',
    from: 'ours',
  }),
  refreshCookieName: row({
    type: text,
    default: 'refresh',
    meaning: 'Name of the refresh cookie, without the prefix `__Secure-` or `__Host-`.',
    from: 'ours',
  }),
  refreshCookieSameSite: row({
    type: choice('strict', 'lax', 'none'),
    default: 'strict',
    meaning: '`SameSite` of the refresh cookie; `none` for pages of another site.',
    from: 'ours',
  }),
  refreshCookieDomain: row<string | null>({
    type: nullable(text),
    default: null,
    meaning: '`Domain` of the refresh cookie; `none`: the host that set it, and no other.',
    from: 'ours',
  }),
  refreshCookiePaths: row<readonly string[] | null>({
    type: nullable(cookiePaths),
    default: null,
    meaning:
      '`Path` of the refresh cookie as the browser sees it, one cookie for each; `none`: the paths of refresh and blacklist. For a proxy that changes paths; `/` gives a `__Host-` cookie.',
    from: 'ours',
  }),
  refreshCookieSecure: row({
    type: bool,
    default: true,
    meaning:
      'False leaves out `Secure` and the prefix of the name: for development on plain HTTP. Refused with `NODE_ENV=production`.',
    from: 'ours',
  }),
  allowedOrigins: row<readonly string[]>({
    type: originList,
    default: [],
    meaning:
      "Origins, beside the server's own, whose pages may use the refresh cookie and, in the server, read answers (CORS). With `NODE_ENV=production` they begin with `https:`, save those of this machine.",
    from: 'ours',
    env: 'ALLOWED_ORIGINS',
  }),
  oauthClients: row<readonly string[]>({
    type: clientList,
    default: [],
    meaning:
      'Services that may call `/oauth/revoke` and `/oauth/introspect`: `id:sha256-…`, as `nest-simplejwt create-client` prints them. One id twice: both secrets are good.',
    from: 'ours',
    env: 'OAUTH_CLIENTS',
  }),
  maxBodySize: row({
    type: integer(131_072, 104_857_600),
    default: 131_072,
    meaning:
      'Bytes that the body of a request to one of the views may have; a larger one is 413. Nothing that they take is as long as the default.',
    from: 'ours',
  }),
} as const;

/** The name of a setting, as an option. */
export type SettingName = keyof typeof SETTINGS;

type ValueOf<N extends SettingName> = (typeof SETTINGS)[N] extends Setting<infer T> ? T : never;

/**
 * All settings with their values, frozen.
 *
 * @publicApi
 */
export type Settings = { readonly [N in SettingName]: ValueOf<N> };

/**
 * What a host may give: any subset, durations also as text (`'5m'`).
 *
 * @publicApi
 */
export type SettingsInput = { readonly [N in SettingName]?: ValueOf<N> | string };

/** The environment's name of a setting: `accessTokenLifetime` → `SIMPLE_JWT_ACCESS_TOKEN_LIFETIME`. */
export function environmentName(name: SettingName): string {
  const { env } = SETTINGS[name] as Setting<unknown>;
  return env ?? `SIMPLE_JWT_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** All settings' names, in the table's order. */
export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];
