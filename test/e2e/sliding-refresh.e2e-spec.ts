import { query, truncateTables } from '../support/databases.js';
import { FakeClock } from '../support/fake-clock.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { HEADER, claimsOf, forge } from '../support/tokens.js';

jest.setTimeout(60_000);

const PASSWORD = 'a good password';

describe('refreshing a sliding token', () => {
  const clock = new FakeClock();
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer({
      env: { SIMPLE_JWT_PROFILE: 'secure', SIMPLE_JWT_REFRESH_LIMIT: '2/15m' },
      clock,
    });
  });
  beforeEach(async () => {
    await truncateTables(server.database);
    await server.createUser({ username: 'alice', password: PASSWORD });
  });
  afterAll(() => server.stop());

  const login = async () => {
    const body = { username: 'alice', password: PASSWORD };
    return (await server.client.post<{ token: string }>('/login/simpleJWT/sliding', body)).body
      .token;
  };
  const extend = (token: string) =>
    server.client.post<{ reason?: string }>('/login/simpleJWT/sliding/refresh', { token });
  const lastUse = async () =>
    (await query(server.database, 'SELECT last_used_at::text FROM auth_session'))[0];

  it('counts for REFRESH_LIMIT', async () => {
    const token = await login();
    for (const status of [200, 200]) expect((await extend(token)).status).toBe(status);
    const limited = await extend(token);
    expect(limited.status).toBe(429);
    expect(limited.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    expect((await extend(await login())).status).toBe(200);
  });

  it('says why it is refused', async () => {
    const token = await login();
    await query(server.database, 'UPDATE auth_user SET is_active = false');
    expect(await extend(token)).toMatchObject({ status: 401, body: { reason: 'user_inactive' } });
    await query(server.database, 'UPDATE auth_session SET revoked_at = now()');
    expect(await extend(token)).toMatchObject({ status: 401, body: { reason: 'session_ended' } });
    expect(await extend('x')).toMatchObject({ status: 401, body: { reason: 'invalid' } });
  });

  it('past its refresh end is no use of the session', async () => {
    const token = await login();
    const before = await lastUse();
    const now = Math.floor(clock.now() / 1000);
    const over = forge(HEADER, { ...claimsOf(token), refresh_exp: now - 1 });
    expect(await extend(over)).toMatchObject({
      status: 401,
      body: { detail: "Token 'refresh_exp' claim has expired", reason: 'expired' },
    });
    expect(await lastUse()).toEqual(before);
    expect((await extend(token)).status).toBe(200);
    expect(await lastUse()).not.toEqual(before);
  });
});
