import { pbkdf2Sync } from 'node:crypto';
import { query } from '../support/databases.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { claimsOf } from '../support/tokens.js';
import { within } from '../support/within.js';

const PASSWORD = 'a good password';
const INVALID = { detail: 'Token is invalid', code: 'token_not_valid' };
const BLACKLISTED = { detail: 'Token is blacklisted', code: 'token_not_valid' };

describe('the token views', () => {
  let server: TestServer;

  beforeEach(async () => {
    server = await startTestServer({
      env: {
        SIMPLE_JWT_ROTATE_REFRESH_TOKENS: 'true',
        SIMPLE_JWT_BLACKLIST_AFTER_ROTATION: 'true',
        SIMPLE_JWT_AUTH_TOKEN_CLASSES: 'AccessToken,SlidingToken',
      },
    });
    await server.createUser({ username: 'alice', password: PASSWORD });
  });

  afterEach(() => server.stop());

  it('lead from log-in through refresh and verify to log-out', async () => {
    const { client } = server;
    const first = await client.login('alice', PASSWORD);
    expect((await client.me(first.access)).body).toEqual({ id: 1, username: 'alice' });

    const refreshed = await client.refresh(first.refresh);
    expect(refreshed.status).toBe(200);
    const second = refreshed.body;
    expect(claimsOf(second.refresh)['jti']).not.toBe(claimsOf(first.refresh)['jti']);
    expect((await client.me(second.access)).status).toBe(200);
    expect(await client.refresh(first.refresh)).toMatchObject({ status: 401, body: BLACKLISTED });

    expect(await client.verify(second.refresh)).toMatchObject({ status: 200, body: {} });
    expect(await client.blacklist(second.refresh)).toMatchObject({ status: 200, body: {} });
    expect(await client.blacklist(second.refresh)).toMatchObject({
      status: 401,
      body: BLACKLISTED,
    });
    expect(await client.refresh(second.refresh)).toMatchObject({ status: 401, body: BLACKLISTED });
    expect(await client.verify(second.refresh)).toMatchObject({
      status: 400,
      body: { non_field_errors: ['Token is blacklisted'] },
    });
  });

  it('give and extend a sliding token that opens guarded routes', async () => {
    const { client } = server;
    const credentials = { username: 'alice', password: PASSWORD };
    const given = await client.post<{ token: string }>('/login/simpleJWT/sliding', credentials);
    const { token } = given.body;
    expect((await client.me(token)).status).toBe(200);
    const path = '/login/simpleJWT/sliding/refresh';
    const extended = await client.post<{ token: string }>(path, { token });
    expect(extended.status).toBe(200);
    expect(claimsOf(extended.body.token)).toMatchObject({
      jti: claimsOf(token)['jti'],
      refresh_exp: claimsOf(token)['refresh_exp'],
    });
    expect((await client.me(extended.body.token)).status).toBe(200);
    expect((await client.post(path, { token: `${token}x` })).body).toEqual(INVALID);
  });

  it('answer under the paths of SimpleJWT as well', async () => {
    const { client } = server;
    const credentials = { username: 'alice', password: PASSWORD };
    const pair = await client.post<{ refresh: string }>('/api/token/', credentials);
    const { refresh } = pair.body;
    expect((await client.post('/api/token/verify/', { token: refresh })).status).toBe(200);
    expect((await client.post('/api/token/refresh/', { refresh })).status).toBe(200);
    expect((await client.post('/api/token/blacklist/', { refresh })).body).toEqual(BLACKLISTED);
  });

  it('refuse a user within a second of being deactivated, and let them in again when activated', async () => {
    const { client, database } = server;
    const { access, refresh } = await client.login('alice', PASSWORD);
    expect((await client.me(access)).status).toBe(200);
    const meOnce = (status: number) =>
      within(
        1000,
        () => client.me(access),
        (answer) => answer.status === status,
      );
    await query(database, 'UPDATE auth_user SET is_active = false');
    expect((await meOnce(401)).body).toEqual({
      detail: 'User is inactive',
      code: 'user_inactive',
    });
    expect(await client.refresh(refresh)).toMatchObject({
      status: 401,
      body: { detail: 'No active account found for the given token.' },
    });
    expect((await client.obtain('alice', PASSWORD)).status).toBe(401);
    await query(database, 'UPDATE auth_user SET is_active = true');
    expect((await meOnce(200)).status).toBe(200);
    expect((await client.refresh(refresh)).status).toBe(200);
  });

  it('refuse a user within a second of being deleted', async () => {
    const { client, database } = server;
    const { access, refresh } = await client.login('alice', PASSWORD);
    expect((await client.me(access)).status).toBe(200);
    await query(database, 'UPDATE token_blacklist_outstandingtoken SET user_id = NULL');
    await query(database, 'DELETE FROM auth_user');
    const gone = await within(
      1000,
      () => client.me(access),
      ({ status }) => status === 401,
    );
    expect(gone.body).toEqual({ detail: 'User not found', code: 'user_not_found' });
    expect(await client.refresh(refresh)).toMatchObject({
      status: 401,
      body: { detail: 'No active account found for the given token.' },
    });
    expect((await client.blacklist(refresh)).status).toBe(200);
  });

  it('rewrite an outdated password hash at log-in, and only then', async () => {
    const { client, database } = server;
    // Django 3.2's format with few iterations, of the password "wonderland".
    const old = 'pbkdf2_sha256$1000$saltsaltsalt$';
    const hash = pbkdf2Sync('wonderland', 'saltsaltsalt', 1000, 32, 'sha256').toString('base64');
    const stored = async (): Promise<string> =>
      (await query<{ password: string }>(database, 'SELECT password FROM auth_user'))[0]!.password;
    await query(database, 'UPDATE auth_user SET password = $1', [old + hash]);
    expect((await client.obtain('alice', 'looking-glass')).status).toBe(401);
    expect(await stored()).toBe(old + hash);
    await client.login('alice', 'wonderland');
    const upgraded = await stored();
    expect(upgraded).toMatch(/^argon2\$argon2id\$/);
    await client.login('alice', 'wonderland');
    expect(await stored()).toBe(upgraded);
  });

  it('take a body of 100 kB and refuse one of more than 128 KiB', async () => {
    const { client } = server;
    const padding = (size: number) => ({
      username: 'alice',
      password: PASSWORD,
      x: 'x'.repeat(size),
    });
    expect((await client.post('/login/simpleJWT', padding(100_000))).status).toBe(200);
    const large = await client.post('/login/simpleJWT', padding(131_072));
    expect(large).toMatchObject({ status: 413, body: { detail: 'Request body is too large.' } });
    await client.login('alice', PASSWORD);
  });
});
