import { createHash } from 'node:crypto';
import { Client } from 'pg';
import { query, truncateTables } from '../support/databases.js';
import { HOME, PlacedClient, STRANGER } from '../support/placed-client.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { HEADER, accessClaims, claimsOf, forge } from '../support/tokens.js';

jest.setTimeout(30_000);

const PASSWORD = 'a good password';
const BLACKLISTED = { detail: 'Token is blacklisted', code: 'token_not_valid' };
const DAY = 86_400;

let server: TestServer;

function serve(env: Record<string, string>): void {
  beforeAll(async () => {
    server = await startTestServer({ env: { SIMPLE_JWT_PROFILE: 'secure', ...env } });
  });
  beforeEach(async () => {
    await truncateTables(server.database);
    await server.createUser({ username: 'alice', password: PASSWORD });
  });
  afterAll(() => server.stop());
}

const sql = (text: string, values?: unknown[]) => query(server.database, text, values);
const now = () => Math.floor(Date.now() / 1000);
const refresh = (token: string) => new PlacedClient(server.url, HOME).refresh(token);

/** A refresh token as a Django server with the same key makes it. */
function djangoToken(jti: string, claims: object = {}): string {
  return forge(HEADER, {
    token_type: 'refresh',
    exp: now() + DAY,
    iat: now() - 100,
    jti,
    user_id: '1',
    ...claims,
  });
}

/** What the Django server does when it blacklists a token. */
async function blacklistInDjango(jti: string): Promise<void> {
  await sql(
    `WITH known AS (
      INSERT INTO token_blacklist_outstandingtoken (token, created_at, expires_at, user_id, jti)
      VALUES ('', now(), now() + interval '1 d', 1, $1) RETURNING id)
    INSERT INTO token_blacklist_blacklistedtoken (blacklisted_at, token_id)
    SELECT now(), id FROM known`,
    [jti],
  );
}

describe('a refresh token of a Django server', () => {
  serve({ SIMPLE_JWT_ACCEPT_UNKNOWN_TOKENS: 'true' });

  const JTI = 'ac5f1f6a6f6b4e0f9a1d6a3b5c7d9e0f';

  it('is adopted: from then on it is a session like any other', async () => {
    const token = djangoToken(JTI, { role: 'editor' });
    expect((await server.client.verify(token)).status).toBe(200);
    const answer = await refresh(token);
    expect(answer.status).toBe(200);
    const sid = createHash('sha256').update(JTI).digest('hex').slice(0, 32);
    expect(claimsOf(answer.body.refresh)).toMatchObject({
      sid,
      gen: 1,
      user_id: '1',
      role: 'editor',
    });
    expect(claimsOf(answer.body.access)).toMatchObject({ sid, role: 'editor' });
    expect((await server.client.me(answer.body.access)).status).toBe(200);
    await expect(
      sql('SELECT user_id, generation, parent_generation FROM auth_session'),
    ).resolves.toEqual([{ user_id: '1', generation: 1, parent_generation: 0 }]);

    // The rules of rotation hold for it too.
    expect((await refresh(token)).body.refresh).toBe(answer.body.refresh);
    expect((await server.client.verify(token)).status).toBe(200);
    const second = (await refresh(answer.body.refresh)).body.refresh;
    expect((await server.client.verify(token)).status).toBe(400);
    const stolen = await new PlacedClient(server.url, STRANGER).refresh(token);
    expect(stolen.body).toMatchObject({ reason: 'reused' });
    expect((await refresh(second)).body).toMatchObject({ reason: 'session_ended' });
  });

  it('is adopted once, however many requests bring it', async () => {
    const token = djangoToken(JTI);
    const answers = await Promise.all(Array.from({ length: 32 }, () => refresh(token)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ body }) => body.refresh)).size).toBe(1);
    await expect(sql('SELECT generation FROM auth_session')).resolves.toEqual([{ generation: 1 }]);
  });

  it('is refused everywhere when Django has blacklisted it', async () => {
    await blacklistInDjango(JTI);
    const token = djangoToken(JTI);
    expect(await refresh(token)).toMatchObject({
      status: 401,
      body: { ...BLACKLISTED, reason: 'session_ended' },
    });
    expect((await server.client.blacklist(token)).body).toEqual(BLACKLISTED);
    expect((await server.client.verify(token)).status).toBe(400);
    await expect(sql('SELECT FROM auth_session')).resolves.toEqual([]);
    expect((await refresh(djangoToken('another'))).status).toBe(200);
  });

  it('is refused when Django has blacklisted it between its adoption and its first use', async () => {
    const token = djangoToken(JTI);
    await sql('UPDATE auth_user SET is_active = false');
    expect((await refresh(token)).status).toBe(401);
    await expect(sql('SELECT FROM auth_session')).resolves.toHaveLength(1);
    await sql('UPDATE auth_user SET is_active = true');
    await blacklistInDjango(JTI);
    expect((await refresh(token)).body).toMatchObject(BLACKLISTED);
    expect((await server.client.verify(token)).status).toBe(400);
  });

  it('can be blacklisted without having been used, once', async () => {
    const token = djangoToken(JTI);
    const answers = await Promise.all(
      Array.from({ length: 16 }, () => server.client.blacklist(token)),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(15);
    expect((await refresh(token)).body).toEqual({ ...BLACKLISTED, reason: 'session_ended' });
    expect((await server.client.verify(token)).status).toBe(400);
  });

  it.each([
    ['does not exist', 'DELETE FROM auth_user'],
    ['is deactivated', 'UPDATE auth_user SET is_active = false'],
  ])('gets nothing when its user %s', async (_what, change) => {
    await sql(change);
    const answer = await refresh(djangoToken(JTI));
    expect(answer.status).toBe(401);
    expect(answer.body).toEqual({
      detail: 'No active account found for the given token.',
      reason: 'user_inactive',
    });
  });

  it('ends with the password that was changed behind its adoption', async () => {
    const { refresh: successor } = (await refresh(djangoToken(JTI))).body;
    await sql(`UPDATE auth_user SET password = 'another'`);
    expect((await refresh(successor)).status).toBe(401);
    expect((await refresh(djangoToken(JTI))).status).toBe(401);
  });

  it('stays dead until it would have expired by itself, whatever is flushed', async () => {
    // Django gave it a month; a refresh token of this server lives a day.
    const token = djangoToken(JTI, { exp: now() + 30 * DAY });
    const { refresh: successor } = (await refresh(token)).body;
    await server.client.blacklist(successor);
    await sql(`UPDATE auth_session SET expires_at = expires_at - interval '2 d',
      rotated_at = rotated_at - interval '2 d', last_used_at = last_used_at - interval '2 d'`);
    const { FlushExpiredTokensTask } =
      await import('../../src/ledger/flush-expired-tokens.task.js');
    await server.app.get(FlushExpiredTokensTask, { strict: false }).run();
    expect((await refresh(token)).status).toBe(401);
  });

  it('keeps its own end until it is rotated', async () => {
    const exp = now() + 100;
    const token = djangoToken(JTI, { exp });
    await sql('UPDATE auth_user SET is_active = false');
    await refresh(token);
    const [row] = await sql(
      'SELECT extract(epoch FROM expires_at)::float8 AS expires_at FROM auth_session',
    );
    expect(row ?? { expires_at: exp }).toEqual({ expires_at: exp });
    await sql('UPDATE auth_user SET is_active = true');
    expect(Number(claimsOf((await refresh(token)).body.refresh)['exp'])).toBeGreaterThan(exp);
  });

  it('cannot name a session by itself: half of the claims is not enough', async () => {
    const { refresh: own } = await server.client.login('alice', PASSWORD);
    const { sid } = claimsOf(own);
    for (const claims of [
      { sid },
      { gen: 0 },
      { sid: 'x', gen: 0 },
      { sid: '0'.repeat(32), gen: 0 },
    ]) {
      expect((await refresh(djangoToken(JTI, claims))).status).toBe(401);
    }
    const nameless = forge(HEADER, { token_type: 'refresh', exp: now() + 100, user_id: '1' });
    expect((await refresh(nameless)).status).toBe(401);
  });

  it('is not adopted after a log-out with it was answered, however they race', async () => {
    for (let round = 0; round < 40; round += 1) {
      const token = djangoToken(`raced-${round}`);
      const [refreshed, ended] = await Promise.all([
        refresh(token),
        server.client.blacklist(token),
      ]);
      expect(ended.status).toBe(200);
      if (refreshed.status === 200) {
        expect((await refresh(refreshed.body.refresh)).body).toMatchObject(BLACKLISTED);
      }
    }
  });

  it('is not adopted after its user got another password, unless it is younger', async () => {
    const token = djangoToken(JTI);
    await sql(`UPDATE auth_user SET password = 'another'`);
    expect((await refresh(token)).body).toEqual({ ...BLACKLISTED, reason: 'session_ended' });
    expect((await refresh(djangoToken('undated', { iat: undefined }))).status).toBe(401);
    await sql(`UPDATE auth_adoption_cutoff SET issued_until = now() - interval '200 s'`);
    expect((await refresh(token)).status).toBe(200);
  });

  it('is not adopted for whoever gets the key of its deleted user', async () => {
    const token = djangoToken(JTI);
    await sql('DELETE FROM auth_user');
    await server.createUser({ id: 1, username: 'bob', password: PASSWORD });
    expect((await refresh(token)).status).toBe(401);
  });

  it('meets a mark of when the change was made, not of when its transaction began, and never an older one', async () => {
    const change = `UPDATE auth_user SET password = password || '.'`;
    const mark = 'SELECT issued_until, issued_until > now() AS "isLater" FROM auth_adoption_cutoff';
    const django = new Client({ connectionString: server.database });
    await django.connect();
    try {
      await django.query('BEGIN');
      await django.query(change);
      const { rows } = await django.query(mark);
      expect(rows).toEqual([expect.objectContaining({ isLater: true })]);
      await django.query('COMMIT');
      await django.query(`UPDATE auth_adoption_cutoff SET issued_until = '2999-01-01T00:00:00Z'`);
      await django.query(change);
      expect((await django.query(mark)).rows).toEqual([
        { issued_until: new Date('2999-01-01T00:00:00Z'), isLater: true },
      ]);
    } finally {
      await django.end();
    }
  });

  it('is not adopted after all sessions of its user were ended', async () => {
    const token = djangoToken(JTI);
    const { access } = await server.client.login('alice', PASSWORD);
    const authorization = `Bearer ${access}`;
    await server.client.send('DELETE', '/sessions', undefined, { authorization });
    expect((await refresh(token)).status).toBe(401);
    expect((await server.client.me(access)).status).toBe(200);
  });

  it('is joined by access tokens that name no session', async () => {
    expect((await server.client.me(forge(HEADER, accessClaims('1')))).status).toBe(200);
    expect((await server.client.me(forge(HEADER, { ...accessClaims('1'), sid: 'x' }))).status).toBe(
      401,
    );
  });
});

describe('with ACCEPT_UNKNOWN_TOKENS=false', () => {
  serve({});

  it('a refresh token of a Django server gets nothing and leaves nothing', async () => {
    const token = djangoToken('unknown');
    expect(await refresh(token)).toMatchObject({
      status: 401,
      body: { detail: 'Token is invalid', code: 'token_not_valid', reason: 'invalid' },
    });
    expect((await server.client.verify(token)).status).toBe(400);
    expect((await server.client.blacklist(token)).status).toBe(401);
    await expect(sql('SELECT FROM auth_session')).resolves.toEqual([]);
  });
});
