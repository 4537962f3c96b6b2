import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { TestClient, type Pair } from './client.js';
import { query, truncateTables } from './databases.js';
import { spawnServer, type SpawnedServer } from './process.js';
import { workerDatabase } from './server.js';
import { HEADER, SIGNING_KEY, accessClaims, forge } from './tokens.js';

/** Two server processes on one database, with one signing key. */
export interface TwoServers {
  readonly database: string;
  readonly servers: readonly SpawnedServer[];
  readonly a: TestClient;
  readonly b: TestClient;
  /** Creates a user with this password in clear. @returns the primary key */
  readonly createUser: (username: string, password: string, isStaff?: boolean) => Promise<number>;
  /** A session as a log-in by this client makes it, without the price of a password hash. */
  readonly openSession: (
    userId: number,
    client?: { readonly userAgent: string | null; readonly ip: string | null },
  ) => Promise<Pair & { readonly sid: string }>;
  readonly stop: () => Promise<void>;
}

/** Starts both on the emptied database of this worker, with the profile `secure` unless `env` says otherwise. */
export async function startTwoServers(
  env: Readonly<Record<string, string>> = {},
): Promise<TwoServers> {
  const database = await workerDatabase();
  await truncateTables(database);
  const servers = await Promise.all(
    [1, 2].map(() =>
      spawnServer({
        DATABASE_URL: database,
        DATABASE_POOL_SIZE: '5',
        SIMPLE_JWT_SIGNING_KEY: SIGNING_KEY,
        ...env,
      }),
    ),
  );
  const [a, b] = servers.map(({ url }) => new TestClient(url)) as [TestClient, TestClient];
  return {
    database,
    servers,
    a,
    b,
    createUser: async (username, password, isStaff = false) => {
      const [row] = await query<{ id: number }>(
        database,
        `INSERT INTO auth_user (username, password, is_active, is_staff, is_superuser, email,
          first_name, last_name, date_joined)
        VALUES ($1, $2, true, $3, false, '', '', '', now()) RETURNING id`,
        [username, cheapHash(password), isStaff],
      );
      return row!.id;
    },
    openSession: async (userId, client) => {
      const sid = randomBytes(16).toString('hex');
      await query(
        database,
        `INSERT INTO auth_session (id, user_id, generation, is_sliding, created_at, last_used_at,
          rotated_at, expires_at, superseded_at, user_agent, last_ip)
        VALUES ($1, $2, 0, false, now(), now(), now(), now() + interval '1 d', '{}', $3, $4)`,
        [sid, String(userId), client?.userAgent ?? null, client?.ip ?? null],
      );
      const access = { ...accessClaims(String(userId)), sid };
      const refresh = { ...access, token_type: 'refresh', gen: 0 };
      return { sid, access: forge(HEADER, access), refresh: forge(HEADER, refresh) };
    },
    stop: async () => {
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}

/** In a format of Django's that costs next to nothing to verify; the first log-in stores it anew. */
function cheapHash(password: string): string {
  const digest = pbkdf2Sync(password, 'salt', 1, 32, 'sha256').toString('base64');
  return `pbkdf2_sha256$1$salt$${digest}`;
}
