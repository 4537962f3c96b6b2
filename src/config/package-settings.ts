import {
  clientList,
  cookieDomain,
  cookieName,
  cookiePaths,
  originList,
  postgresUrl,
  randomSecret,
  rangeList,
  redisUrl,
  rotationInterval,
} from './setting-forms.js';
import { byProfile, djangoRest, ours, unprefixed } from './setting-row.js';
import {
  bool,
  choice,
  duration,
  integer,
  list,
  listOf,
  nullable,
  rate,
  secret,
  text,
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

/** The settings of this package and those of Django REST framework. */
export const PACKAGE_SETTINGS = {
  ledger: ours(
    choice('sessions', 'django'),
    byProfile({ secure: 'sessions', parity: 'django' }),
    "Where refresh tokens are kept: one row for each session, or Django's own `token_blacklist_*` tables.",
  ),
  rotationGracePeriod: ours(
    duration,
    byProfile({ secure: 180, parity: 0 }),
    'How long a superseded refresh token counts as fresh; 0 switches replay and recovery off altogether.',
  ),
  rotationRecovery: ours(
    bool,
    byProfile({ secure: true, parity: false }),
    'A client that lost an answer and comes back from nearby (its user agent or its network) gets a new successor; the unused one dies.',
  ),
  reuseEndsSession: ours(
    choice('other-client', 'always', 'never'),
    byProfile({ secure: 'other-client', parity: 'never' }),
    "When a spent refresh token that comes back ends its session: from another client than the last rotation's, always but for the same client's fresh duplicate, or never.",
  ),
  checkSession: ours(
    bool,
    byProfile({ secure: true, parity: false }),
    'Access tokens of an ended session are refused at once; or live to their `exp`.',
  ),
  acceptUnknownTokens: ours(
    bool,
    byProfile({ secure: false, parity: true }),
    'A refresh token with a good signature that the session ledger has never seen (a Django server issued it) is adopted. The Django ledger always accepts them.',
  ),
  sessionMaxLifetime: ours(
    nullable(duration),
    byProfile({ secure: 7_776_000, parity: null }),
    'Absolute end of a session, which refreshing does not extend.',
  ),
  sessionsPerUser: ours(
    nullable(integer(1, 10_000)),
    null,
    'Live sessions of one user at most: at a log-in the least recently used one goes. `none`: any number.',
  ),
  passwordMinLength: ours(
    nullable(integer(1, 128)),
    byProfile({ secure: 8, parity: null }),
    'Characters that a new password has at least; one of the commonest is refused too. `none`: any password will do. Users of `USERS_FIXTURE` are exempt.',
  ),
  loginLimit: ours(
    nullable(rate),
    byProfile({ secure: { attempts: 10, window: 900 }, parity: null }),
    'Failed log-ins to one account (the one that is found, else the name) before 429 with `Retry-After`. Successes do not count. Clients that the user has logged in from within 30 days, and changes of a password, are counted apart.',
  ),
  loginLimitAddress: ours(
    nullable(rate),
    byProfile({ secure: { attempts: 100, window: 900 }, parity: null }),
    'Failed log-ins from one client address before 429; of IPv6 from one /64, four times as many from a /56, 16 times from a /48.',
  ),
  refreshLimit: ours(nullable(rate), null, 'Refreshes of one session before 429.'),
  refreshRecomputesClaims: ours(
    bool,
    byProfile({ secure: true, parity: false }),
    "A refresh asks the host's `TokenClaims` again; or copies its claims from the presented token, as SimpleJWT does. Without a hook nothing is asked.",
  ),
  redisUrl: unprefixed(
    nullable(secret(redisUrl)),
    null,
    'Redis or Valkey that counts attempts, `redis://user:password@host:port/number`; while it is away Postgres counts. `none`: Postgres. Needs the package `redis`.',
  ),
  trustedProxies: unprefixed(
    rangeList,
    [],
    'Addresses and networks whose `X-Forwarded-For` and `Forwarded` count; `none` trusts nobody.',
  ),
  passwordHasher: ours(
    choice('argon2', 'pbkdf2_sha256'),
    'argon2',
    'Format of new password hashes; a stored one in another format is rewritten at log-in. `pbkdf2_sha256` is what Django reads without further packages.',
  ),
  authenticationClasses: djangoRest(
    // Names in options may be those of a host's classes, which `AuthenticationChain` knows.
    { ...listOf<AuthenticationClass>(...AUTHENTICATION_CLASSES), fromOption: list.fromOption },
    ['JWTAuthentication'],
    'Authentication classes of guarded routes, in the order in which they are tried.',
  ),
  sessionSecretKey: djangoRest(
    nullable(secret(text)),
    null,
    "Django's `SECRET_KEY`, with which its sessions are signed (`SessionAuthentication`). `none`: the signing key, where that is an HMAC secret. At least 32 bytes.",
  ),
  keyEncryptionKey: unprefixed(
    nullable(secret(randomSecret)),
    null,
    'Random secret of at least 32 bytes that seals the private keys of the key ring in the database. Needed as soon as the ring holds one.',
  ),
  keyRotationInterval: ours(
    nullable(rotationInterval),
    null,
    'Time between two rotations of the signing key of the key ring, at least 20 minutes; the next key is published a day, or half of a shorter interval, before it signs. `none`: keys rotate by command only.',
  ),
  databaseFeedUrl: unprefixed(
    nullable(secret(postgresUrl)),
    null,
    'Direct connection of the change feed, where the database is reached through a pooler; `postgres://…`. `none`: as the database.',
  ),
  refreshCookie: ours(
    bool,
    false,
    'Browsers get the refresh token in an HttpOnly cookie, which only refresh and blacklist read, in place of the body. Sliding tokens stay in bodies.',
  ),
  refreshCookieName: ours(
    cookieName,
    'refresh',
    'Name of the refresh cookie, without the prefix `__Secure-` or `__Host-`.',
  ),
  refreshCookieSameSite: ours(
    choice('strict', 'lax', 'none'),
    'strict',
    '`SameSite` of the refresh cookie; `none` for pages of another site.',
  ),
  refreshCookieDomain: ours(
    nullable(cookieDomain),
    null,
    '`Domain` of the refresh cookie; `none`: the host that set it, and no other.',
  ),
  refreshCookiePaths: ours(
    nullable(cookiePaths),
    null,
    '`Path` of the refresh cookie as the browser sees it, one cookie for each; `none`: the paths of refresh and blacklist. For a proxy that changes paths; `/` gives a `__Host-` cookie.',
  ),
  refreshCookieSecure: ours(
    bool,
    true,
    'False leaves out `Secure` and the prefix of the name: for development on plain HTTP. Refused with `NODE_ENV=production`.',
  ),
  allowedOrigins: unprefixed(
    originList,
    [],
    "Origins, beside the server's own, whose pages may use the refresh cookie and, in the server, read answers (CORS). With `NODE_ENV=production` they begin with `https:`, save those of this machine.",
  ),
  oauthClients: unprefixed(
    clientList,
    [],
    'Services that may call `/oauth/revoke` and `/oauth/introspect`: `id:sha256-…`, as `nest-simplejwt create-client` prints them. One id twice: both secrets are good.',
  ),
  maxBodySize: ours(
    integer(131_072, 104_857_600),
    131_072,
    'Bytes that the body of a request to one of the views may have; a larger one is 413. Nothing that they take is as long as the default.',
  ),
};
