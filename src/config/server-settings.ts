import { paths, postgresUrl } from './setting-forms.js';
import { unprefixed } from './setting-row.js';
import { bool, integer, nullable, secret, text, type SettingType } from './setting-type.js';

/** The settings of the stand-alone server (design §8); the modules inside a host have none of them. */
export const SERVER_SETTINGS = {
  port: unprefixed(integer(0, 65_535), 3000, 'Port to listen on; 0 takes a free one.'),
  host: unprefixed(text, '127.0.0.1', 'Address to listen on.'),
  nodeEnv: unprefixed(
    text,
    'development',
    '`production` refuses to start without `DATABASE_URL` and `SIMPLE_JWT_SIGNING_KEY`, and with what is for trying out only: `REFRESH_COOKIE_SECURE=false`, and plain HTTP to others in `JWK_URL` or `ALLOWED_ORIGINS`.',
  ),
  databaseUrl: unprefixed(
    nullable(secret(postgresUrl)),
    null,
    '`postgres://user:password@host:port/name`. Unset: an embedded Postgres in `DATA_DIR`.',
  ),
  databasePoolSize: unprefixed(integer(2, 200), 10, 'Connections to the database at most.'),
  dataDir: unprefixed(
    text,
    '.data',
    'Folder of the embedded database and of the signing key that the first start makes.',
  ),
  docs: unprefixed(
    bool as SettingType<boolean | null>,
    null,
    'Whether `/docs` and `/docs/openapi.json` are served. Unset: yes, but not with `NODE_ENV=production`.',
  ),
  usersFixture: unprefixed(
    nullable(text),
    null,
    'JSON file of users to create at start where they are missing.',
  ),
  tokenObtainPairPaths: unprefixed(
    paths,
    ['/login/simpleJWT', '/api/token/'],
    'Paths of the view that gives a pair of tokens.',
  ),
  tokenRefreshPaths: unprefixed(
    paths,
    ['/login/simpleJWT/refresh', '/api/token/refresh/'],
    'Paths of the refresh view.',
  ),
  tokenVerifyPaths: unprefixed(
    paths,
    ['/login/simpleJWT/verify', '/api/token/verify/'],
    'Paths of the verify view.',
  ),
  tokenBlacklistPaths: unprefixed(
    paths,
    ['/login/simpleJWT/blacklist', '/api/token/blacklist/'],
    'Paths of the blacklist view.',
  ),
  tokenObtainSlidingPaths: unprefixed(
    paths,
    ['/login/simpleJWT/sliding'],
    'Paths of the view that gives a sliding token.',
  ),
  tokenRefreshSlidingPaths: unprefixed(
    paths,
    ['/login/simpleJWT/sliding/refresh'],
    'Paths of the view that extends a sliding token.',
  ),
};
