import type { Answer } from './client.js';
import { query, truncateTables } from './databases.js';
import { LogLines } from './log-lines.js';
import { HOME, PlacedClient, type Place } from './placed-client.js';
import { startTestServer, type TestServer } from './server.js';
import { claimsOf } from './tokens.js';

/** That of alice. */
export const PASSWORD = 'a good password';

/** The body of a refusal that is about the session. */
export const refused = (reason: string) => ({
  status: 401,
  body: { detail: 'Token is blacklisted', code: 'token_not_valid', reason },
});

/** The same browser after an update. */
export const UPDATED = { ...HOME, userAgent: 'Browser/2.0.1' };
/** Neither the user's programs nor networks. */
export const NOBODY_KNOWN = { localAddress: '127.7.7.7', userAgent: 'wget' };

/** What the server has logged. */
export const logs = new LogLines();
let server: TestServer;

/** Runs a server of the profile `secure` with these settings for the tests of a block, each with alice alone. */
export function serve(env: Record<string, string> = {}): void {
  beforeAll(async () => {
    server = await startTestServer({
      env: { SIMPLE_JWT_PROFILE: 'secure', ...env },
      logger: logs,
    });
  });
  beforeEach(startAnew);
  afterAll(() => server.stop());
}

/** Forgets all sessions and log lines. */
export async function startAnew(): Promise<void> {
  await truncateTables(server.database);
  logs.clear();
  await server.createUser({ username: 'alice', password: PASSWORD });
}

/** Runs a statement on the server's database. */
export const sql = (text: string, values?: unknown[]) => query(server.database, text, values);

/** A client in this place. */
export const at = (place: Place) => new PlacedClient(server.url, place);
/** A log-in at home. */
export const login = () => at(HOME).login('alice', PASSWORD);
/** A refresh, whatever becomes of it. */
export const refresh = (token: string, place = HOME) => at(place).refresh(token);
/** Which refresh token of its session this is. */
export const generation = (token: string) => claimsOf(token)['gen'];

/** A refresh that must be answered, and the refresh token of the answer. */
export async function next(token: string, place = HOME): Promise<string> {
  const answer = await refresh(token, place);
  expect(answer).toMatchObject({ status: 200 });
  return answer.body.refresh;
}

/** The refresh tokens of a session: of the log-in and of so many refreshes. */
export async function line(refreshes: number): Promise<string[]> {
  const tokens = [(await login()).refresh];
  while (tokens.length <= refreshes) tokens.push(await next(tokens.at(-1)!));
  return tokens;
}

/** The row of the one session. */
export async function row(): Promise<Record<string, unknown>> {
  const rows = await sql('SELECT to_jsonb(s) AS row FROM auth_session s');
  expect(rows).toHaveLength(1);
  return rows[0]!['row'] as Record<string, unknown>;
}

/** Lets so many seconds pass for what the database remembers of rotations. */
export const pass = (seconds: number) =>
  sql(
    `UPDATE auth_session SET superseded_at =
      ARRAY(SELECT t - $1 FROM unnest(superseded_at) WITH ORDINALITY u(t, n) ORDER BY n)`,
    [seconds],
  );

/** Expects a request to write nothing at all. */
export async function withoutTrace<T>(act: () => Promise<T>): Promise<T> {
  const before = await row();
  const result = await act();
  await expect(row()).resolves.toEqual(before);
  return result;
}

/** Expects the answer of a token that has ended its session, and one warning in the log. */
export async function expectEnded(
  answer: Answer,
  evidence: Record<string, unknown> = {},
): Promise<void> {
  expect(answer).toMatchObject(refused('reused'));
  const revoked = { revoke_reason: 'reused', revoked_at: expect.any(String) };
  await expect(row()).resolves.toMatchObject(revoked);
  const logged = { level: 'warn', event: 'refresh_token_reused', ...evidence };
  expect(logs.events('refresh_token_reused')).toEqual([expect.objectContaining(logged)]);
}

/** What was logged of thefts, by its name. */
export const events = () => logs.events('refresh_token').map(({ event }) => event);
