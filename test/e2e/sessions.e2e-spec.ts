import type { Answer } from '../support/client.js';
import { query, truncateTables } from '../support/databases.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { soon } from '../support/soon.js';
import { HEADER, accessClaims, claimsOf, forge } from '../support/tokens.js';

jest.setTimeout(30_000);

const PASSWORD = 'a good password';
const BLACKLISTED = { detail: 'Token is blacklisted', code: 'token_not_valid' };
const INVALID = { detail: 'Token is invalid', code: 'token_not_valid' };
const SLIDING = '/login/simpleJWT/sliding';

/** What the guard says of an access token whose decoding is not the problem. */
const guardRefusal = (message: string) => ({
  status: 401,
  body: {
    detail: 'Given token not valid for any token type',
    code: 'token_not_valid',
    messages: [{ token_class: 'AccessToken', token_type: 'access', message }],
  },
});

let server: TestServer;

/** Runs a server with these settings for the tests of a block; Alice has id 1, Bob has id 2. */
function serve(env: Record<string, string> = {}): void {
  beforeAll(async () => {
    server = await startTestServer({ env: { SIMPLE_JWT_PROFILE: 'secure', ...env } });
  });
  beforeEach(async () => {
    await truncateTables(server.database);
    for (const username of ['alice', 'bob']) {
      await server.createUser({ username, password: PASSWORD });
    }
  });
  afterAll(() => server.stop());
}

const login = () => server.client.login('alice', PASSWORD);
const refresh = (token: string) => server.client.refresh(token);
const sql = (text: string, values?: unknown[]) => query(server.database, text, values);
const sessions = () => sql('SELECT to_jsonb(s) AS row FROM auth_session s ORDER BY id');

/** The same token with other claims, signed with the right key. */
const altered = (token: string, claims: object) => forge(HEADER, { ...claimsOf(token), ...claims });

async function loginSliding(): Promise<string> {
  const credentials = { username: 'alice', password: PASSWORD };
  return (await server.client.post<{ token: string }>(SLIDING, credentials)).body.token;
}

describe('a refused refresh', () => {
  serve();

  it('says session_ended after a log-out', async () => {
    const { refresh: token } = await login();
    await server.client.blacklist(token);
    const body = { ...BLACKLISTED, reason: 'session_ended' };
    expect(await refresh(token)).toMatchObject({ status: 401, body });
  });

  it('says user_inactive while the user is deactivated or when he was deleted', async () => {
    const { refresh: token } = await login();
    const body = {
      detail: 'No active account found for the given token.',
      reason: 'user_inactive',
    };
    await sql('UPDATE auth_user SET is_active = false WHERE id = 1');
    expect((await refresh(token)).body).toEqual(body);
    await sql('UPDATE auth_user SET is_active = true WHERE id = 1');
    const { refresh: successor } = (await refresh(token)).body;
    await sql('DELETE FROM auth_user WHERE id = 1');
    expect((await refresh(successor)).body).toEqual(body);
  });

  it('says expired of an expired token', async () => {
    const { refresh: token } = await login();
    const answer = await refresh(altered(token, { exp: Math.floor(Date.now() / 1000) - 1 }));
    expect(answer.status).toBe(401);
    expect(answer.body).toEqual({
      detail: 'Token is expired',
      code: 'token_not_valid',
      reason: 'expired',
    });
  });

  it('says invalid of what is no refresh token', async () => {
    const { refresh: token, access } = await login();
    for (const wrong of ['x', `${token}x`, forge(HEADER, claimsOf(token), 'k'.repeat(32))]) {
      const answer = await refresh(wrong);
      expect(answer).toMatchObject({ status: 401, body: { ...INVALID, reason: 'invalid' } });
    }
    expect(await refresh(access)).toMatchObject({
      status: 401,
      body: { detail: 'Token has wrong type', code: 'token_not_valid', reason: 'invalid' },
    });
  });

  it('gives a reason at the refresh view only', async () => {
    const { refresh: token } = await login();
    await server.client.blacklist(token);
    expect((await server.client.blacklist(token)).body).toEqual(BLACKLISTED);
    expect((await server.client.me(token)).body).not.toHaveProperty('reason');
  });
});

describe('a token with a good signature', () => {
  serve();

  it('is invalid in the name of another user, and changes nothing', async () => {
    const { refresh: token, access } = await login();
    const before = await sessions();
    for (const claims of [
      { user_id: '2' },
      { user_id: '3' },
      { user_id: 'alice' },
      { user_id: true },
    ]) {
      expect(await refresh(altered(token, claims))).toMatchObject({
        status: 401,
        body: { ...INVALID, reason: 'invalid' },
      });
      expect((await server.client.me(altered(access, claims))).status).toBe(401);
    }
    await expect(sessions()).resolves.toEqual(before);
    expect((await refresh(token)).status).toBe(200);
  });

  const sid = '0123456789abcdef0123456789abcdef';
  it.each([
    { sid: 5 },
    { sid: '' },
    { sid: null },
    { sid: true },
    { sid: [sid] },
    { sid: { id: sid } },
    { sid: sid.toUpperCase() },
    { sid: `${sid}0` },
    { sid: ` ${sid}` },
    { sid: '01234567-89ab-cdef-0123-456789abcdef' },
    { sid: 'f'.repeat(10_000) },
    { sid: `${sid.slice(1)}\0` },
    { sid: undefined },
    { gen: '0' },
    { gen: -1 },
    { gen: -0.5 },
    { gen: 1.5 },
    { gen: 2 ** 31 },
    { gen: 2 ** 53 },
    { gen: 1e300 },
    { gen: null },
    { gen: false },
    { gen: [0] },
    { gen: undefined },
  ])('is invalid with the claim %j, and changes nothing', async (claims) => {
    const { refresh: token } = await login();
    const forged = altered(token, claims);
    const before = await sessions();
    expect(await refresh(forged)).toMatchObject({
      status: 401,
      body: { ...INVALID, reason: 'invalid' },
    });
    expect((await server.client.verify(forged)).status).toBe(400);
    expect((await server.client.blacklist(forged)).status).toBe(401);
    await expect(sessions()).resolves.toEqual(before);
  });

  it('is refused when there is no such session, by every view and by the guard', async () => {
    const { refresh: token, access } = await login();
    await sql('DELETE FROM auth_session');
    expect(await refresh(token)).toMatchObject({
      status: 401,
      body: { ...BLACKLISTED, reason: 'session_ended' },
    });
    expect((await server.client.verify(token)).status).toBe(400);
    expect((await server.client.blacklist(token)).status).toBe(401);
    expect(await server.client.me(access)).toMatchObject(guardRefusal('Token is blacklisted'));
  });

  it('does not open a route without a session, or with a malformed one', async () => {
    const { access } = await login();
    const malformed = [{ sid: undefined }, { sid: 7 }, { sid: null }, { sid: 'F'.repeat(32) }];
    for (const token of [
      forge(HEADER, accessClaims('1')),
      ...malformed.map((claims) => altered(access, claims)),
    ]) {
      expect(await server.client.me(token)).toMatchObject(guardRefusal('Token is invalid'));
    }
    expect((await server.client.me(access)).status).toBe(200);
  });

  it('cannot be a refresh token made of a sliding one', async () => {
    const token = altered(await loginSliding(), { token_type: 'refresh', gen: 0 });
    expect(await refresh(token)).toMatchObject({ status: 401, body: BLACKLISTED });
    expect(await sql('SELECT FROM auth_session WHERE generation <> 0')).toEqual([]);
  });
});

describe('verify', () => {
  serve();

  const refusal = { status: 400, body: { non_field_errors: ['Token is blacklisted'] } };

  it('accepts the current refresh token and its parent, and no older or ended one', async () => {
    const { refresh: older } = await login();
    const { refresh: parent } = (await refresh(older)).body;
    const { refresh: current } = (await refresh(parent)).body;
    for (const token of [parent, current]) {
      expect(await server.client.verify(token)).toMatchObject({ status: 200, body: {} });
    }
    expect(await server.client.verify(older)).toMatchObject(refusal);
    await server.client.blacklist(current);
    for (const token of [parent, current]) {
      expect(await server.client.verify(token)).toMatchObject(refusal);
    }
  });

  it('says of an access token what the guard says', async () => {
    const { refresh: token, access } = await login();
    expect(await server.client.verify(access)).toMatchObject({ status: 200, body: {} });
    await server.client.blacklist(token);
    await soon(401, () => server.client.me(access));
    const [guarded, verified] = [
      await server.client.me(access),
      await server.client.verify(access),
    ];
    expect([verified.status, verified.body]).toEqual([401, guarded.body]);

    const { access: other } = await login();
    await sql('UPDATE auth_user SET is_active = false');
    const inactive = { status: 401, body: { code: 'user_inactive' } };
    expect(await soon(401, () => server.client.verify(other))).toMatchObject(inactive);
  });
});

describe('blacklist', () => {
  serve();

  it('ends the session with any generation of it, once', async () => {
    const first = await login();
    const { refresh: second } = (await refresh(first.refresh)).body;
    const { refresh: third, access } = (await refresh(second)).body;
    const other = await login();
    expect((await server.client.me(access)).status).toBe(200);
    expect(await server.client.blacklist(first.refresh)).toMatchObject({ status: 200, body: {} });
    for (const token of [first.refresh, second, third]) {
      const answer = await server.client.blacklist(token);
      expect(answer).toMatchObject({ status: 401, body: BLACKLISTED });
    }
    expect((await refresh(third)).status).toBe(401);
    for (const token of [first.access, access]) {
      const refused = await soon(401, () => server.client.me(token));
      expect(refused).toMatchObject(guardRefusal('Token is blacklisted'));
    }
    expect((await server.client.me(other.access)).status).toBe(200);
  });
});

describe('a sliding token', () => {
  serve({ SIMPLE_JWT_AUTH_TOKEN_CLASSES: 'SlidingToken' });

  const extend = (token: string): Promise<Answer<{ token: string }>> =>
    server.client.post(`${SLIDING}/refresh`, { token });

  it('is a session: it is listed, extended, and dead everywhere once ended', async () => {
    const token = await loginSliding();
    const { sid } = claimsOf(token);
    expect(sid).toMatch(/^[0-9a-f]{32}$/);
    const extended = await extend(token);
    expect(claimsOf(extended.body.token)).toMatchObject({ sid, user_id: '1' });
    const authorization = `Bearer ${extended.body.token}`;
    const listed = await server.client.get('/sessions', { authorization });
    expect(listed.body).toMatchObject([{ id: sid, current: true }]);
    expect((await server.client.verify(token)).status).toBe(200);

    expect(
      (await server.client.send('DELETE', `/sessions/${String(sid)}`, undefined, { authorization }))
        .status,
    ).toBe(204);
    for (const dead of [token, extended.body.token]) {
      expect((await soon(401, () => server.client.me(dead))).status).toBe(401);
      expect(await extend(dead)).toMatchObject({ status: 401, body: BLACKLISTED });
      expect((await server.client.verify(dead)).status).toBe(400);
    }
  });

  it('of another user, or of a session of refresh tokens, gets nothing', async () => {
    const token = await loginSliding();
    const foreign = await extend(altered(token, { user_id: '2' }));
    expect(foreign.body).toEqual({ ...INVALID, reason: 'invalid' });
    const { refresh: other } = await login();
    const { sid } = claimsOf(other);
    expect((await extend(altered(token, { sid }))).status).toBe(401);
    expect((await refresh(other)).status).toBe(200);
  });
});

describe('with CHECK_REVOKE_TOKEN', () => {
  serve({ SIMPLE_JWT_CHECK_REVOKE_TOKEN: 'true' });

  it('a refresh token with the digest of another password ends its session', async () => {
    const { refresh: token, access } = await login();
    const { refresh: successor } = (await refresh(token)).body;
    // The trigger would end the session before the digest is looked at.
    await sql(
      `UPDATE auth_user SET password = 'another'
       FROM (SELECT set_config('nest_simplejwt.keep_sessions', 'all', true) AS value) keep
       WHERE id = 1 AND keep.value IS NOT NULL`,
    );
    expect(await sql('SELECT FROM auth_session WHERE revoked_at IS NOT NULL')).toEqual([]);
    expect((await server.client.me(access)).status).toBe(401);
    const detail = "The user's password has been changed.";
    expect(await refresh(successor)).toMatchObject({
      status: 401,
      body: { detail, reason: 'password_changed' },
    });
    expect(await refresh(successor)).toMatchObject({
      status: 401,
      body: { ...BLACKLISTED, reason: 'session_ended' },
    });
  });
});

describe('with CHECK_SESSION=false', () => {
  serve({ SIMPLE_JWT_CHECK_SESSION: 'false' });

  it('an access token of an ended session lives on, and a refresh token does not', async () => {
    const { refresh: token, access } = await login();
    await server.client.blacklist(token);
    expect((await server.client.me(access)).status).toBe(200);
    expect(await server.client.verify(access)).toMatchObject({ status: 200, body: {} });
    expect((await refresh(token)).status).toBe(401);
  });
});

describe('in the profile parity with the session ledger', () => {
  serve({ SIMPLE_JWT_PROFILE: 'parity', SIMPLE_JWT_LEDGER: 'sessions' });

  it("a refused refresh has SimpleJWT's members alone", async () => {
    const { refresh: token } = await login();
    await server.client.blacklist(token);
    expect((await refresh(token)).body).toEqual(BLACKLISTED);
  });
});
