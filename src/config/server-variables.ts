import { bool, integer, nullable, paths, text, type SettingType } from './setting-type.js';

/** One variable of the server, outside `SIMPLE_JWT_*` (design §8). */
export interface ServerVariable<T> {
  /** The variable's name in the environment. */
  readonly env: string;
  readonly type: SettingType<T>;
  readonly default: T;
  readonly meaning: string;
  readonly secret?: true;
}

const row = <T>(variable: ServerVariable<T>): ServerVariable<T> => variable;

/** Every variable of the server; the modules inside a host read none of them. */
export const SERVER_VARIABLES = {
  port: row({
    env: 'PORT',
    type: integer(0, 65_535),
    default: 3000,
    meaning: 'Port to listen on; 0 takes a free one.',
  }),
  host: row({ env: 'HOST', type: text, default: '127.0.0.1', meaning: 'Address to listen on.' }),
  nodeEnv: row({
    env: 'NODE_ENV',
    type: text,
    default: 'development',
    meaning:
      '`production` refuses to start without `DATABASE_URL` and `SIMPLE_JWT_SIGNING_KEY`, and with what is for trying out only: `REFRESH_COOKIE_SECURE=false`, and plain HTTP to others in `JWK_URL` or `ALLOWED_ORIGINS`.',
  }),
  databaseUrl: row<string | null>({
    env: 'DATABASE_URL',
    type: nullable(text),
    default: null,
    meaning:
      '`postgres://user:password@host:port/name`. Unset: an embedded Postgres in `DATA_DIR`.',
    secret: true,
  }),
  databasePoolSize: row({
    env: 'DATABASE_POOL_SIZE',
    type: integer(2, 200),
    default: 10,
    meaning: 'Connections to the database at most.',
  }),
  dataDir: row({
    env: 'DATA_DIR',
    type: text,
    default: '.data',
    meaning: 'Folder of the embedded database and of the signing key that the first start makes.',
  }),
  docs: row<boolean | null>({
    env: 'DOCS',
    type: bool as SettingType<boolean | null>,
    default: null,
    meaning:
      'Whether `/docs` and `/docs/openapi.json` are served. Unset: yes, but not with `NODE_ENV=production`.',
  }),
  usersFixture: row<string | null>({
    env: 'USERS_FIXTURE',
    type: nullable(text),
    default: null,
    meaning: 'JSON file of users to create at start where they are missing.',
  }),
  tokenObtainPairPaths: row<readonly string[]>({
    env: 'TOKEN_OBTAIN_PAIR_PATHS',
    type: paths,
    default: ['/login/simpleJWT', '/api/token/'],
    meaning: 'Paths of the view that gives a pair of tokens.',
  }),
  tokenRefreshPaths: row<readonly string[]>({
    env: 'TOKEN_REFRESH_PATHS',
    type: paths,
    default: ['/login/simpleJWT/refresh', '/api/token/refresh/'],
    meaning: 'Paths of the refresh view.',
  }),
  tokenVerifyPaths: row<readonly string[]>({
    env: 'TOKEN_VERIFY_PATHS',
    type: paths,
    default: ['/login/simpleJWT/verify', '/api/token/verify/'],
    meaning: 'Paths of the verify view.',
  }),
  tokenBlacklistPaths: row<readonly string[]>({
    env: 'TOKEN_BLACKLIST_PATHS',
    type: paths,
    default: ['/login/simpleJWT/blacklist', '/api/token/blacklist/'],
    meaning: 'Paths of the blacklist view.',
  }),
  tokenObtainSlidingPaths: row<readonly string[]>({
    env: 'TOKEN_OBTAIN_SLIDING_PATHS',
    type: paths,
    default: ['/login/simpleJWT/sliding'],
    meaning: 'Paths of the view that gives a sliding token.',
  }),
  tokenRefreshSlidingPaths: row<readonly string[]>({
    env: 'TOKEN_REFRESH_SLIDING_PATHS',
    type: paths,
    default: ['/login/simpleJWT/sliding/refresh'],
    meaning: 'Paths of the view that extends a sliding token.',
  }),
} as const;

export type ServerVariableName = keyof typeof SERVER_VARIABLES;

type ValueOf<N extends ServerVariableName> =
  (typeof SERVER_VARIABLES)[N] extends ServerVariable<infer T> ? T : never;

/** The server's variables with their values. */
export type ServerConfig = { readonly [N in ServerVariableName]: ValueOf<N> };
