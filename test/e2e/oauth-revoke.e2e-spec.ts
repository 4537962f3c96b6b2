import { query, truncateTables } from '../support/databases.js';
import { OAUTH_CLIENTS, OAuthService } from '../support/oauth-service.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { soon } from '../support/soon.js';
import { HEADER, accessClaims, claimsOf, forge } from '../support/tokens.js';

jest.setTimeout(30_000);

const PASSWORD = 'a good password';
const DONE = { status: 200, body: {} };
const UNSUPPORTED = { status: 400, body: { error: 'unsupported_token_type' } };

let server: TestServer;
let service: OAuthService;

/** Runs a server with these settings for the tests of a block. */
function serve(env: Record<string, string>): void {
  beforeAll(async () => {
    server = await startTestServer({ env: { OAUTH_CLIENTS, ...env } });
    service = new OAuthService(server.url);
  });
  beforeEach(async () => {
    await truncateTables(server.database);
    await server.createUser({ username: 'alice', password: PASSWORD });
  });
  afterAll(() => server.stop());
}

const login = () => server.client.login('alice', PASSWORD);
const sliding = async () => {
  const body = { username: 'alice', password: PASSWORD };
  return (await server.client.post<{ token: string }>('/login/simpleJWT/sliding', body)).body.token;
};
const extend = (token: string) => server.client.post('/login/simpleJWT/sliding/refresh', { token });
const liveSessions = () =>
  query(server.database, 'SELECT id FROM auth_session WHERE revoked_at IS NULL');
const blacklisted = () => query(server.database, 'SELECT id FROM token_blacklist_blacklistedtoken');

describe('revocation with the session ledger', () => {
  serve({ SIMPLE_JWT_PROFILE: 'secure' });

  it('of a refresh token ends its session, and no other one', async () => {
    const pair = await login();
    const other = await login();
    expect((await server.client.me(pair.access)).status).toBe(200);
    expect(await service.revoke(pair.refresh, 'refresh_token')).toMatchObject(DONE);
    expect(await server.client.refresh(pair.refresh)).toMatchObject({
      status: 401,
      body: { reason: 'session_ended' },
    });
    expect((await soon(401, () => server.client.me(pair.access))).status).toBe(401);
    expect((await server.client.refresh(other.refresh)).status).toBe(200);
    expect((await server.client.me(other.access)).status).toBe(200);
  });

  it('of a refresh token that was rotated away ends the session all the same', async () => {
    const first = await login();
    const { body: second } = await server.client.refresh(first.refresh);
    expect(await service.revoke(first.refresh)).toMatchObject(DONE);
    expect((await server.client.refresh(second.refresh)).status).toBe(401);
  });

  it('of an access token ends its session: the token dies at once, and the refresh token with it', async () => {
    const pair = await login();
    expect((await server.client.me(pair.access)).status).toBe(200);
    expect(await service.revoke(pair.access, 'access_token')).toMatchObject(DONE);
    expect((await soon(401, () => server.client.me(pair.access))).status).toBe(401);
    expect((await server.client.refresh(pair.refresh)).status).toBe(401);
    expect(await liveSessions()).toEqual([]);
  });

  it('of an access token ends its session also when the refresh token has expired', async () => {
    const { access } = await login();
    await query(server.database, "UPDATE auth_session SET expires_at = now() - interval '1 s'");
    expect((await server.client.me(access)).status).toBe(200);
    expect(await service.revoke(access)).toMatchObject(DONE);
    expect((await soon(401, () => server.client.me(access))).status).toBe(401);
    expect((await service.introspect(access)).body).toEqual({ active: false });
    expect(await liveSessions()).toEqual([]);
  });

  it('is an error of ours when the session lives on', async () => {
    const { access } = await login();
    await query(
      server.database,
      `CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
       CREATE TRIGGER keep BEFORE UPDATE ON auth_session FOR EACH ROW EXECUTE FUNCTION keep()`,
    );
    const refused = await service.revoke(access);
    await query(server.database, 'DROP FUNCTION keep CASCADE');
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect((await server.client.me(access)).status).toBe(200);
    expect(await service.revoke(access)).toMatchObject(DONE);
  });

  it('of a sliding token ends its session', async () => {
    const token = await sliding();
    expect(await service.revoke(token)).toMatchObject(DONE);
    expect((await extend(token)).status).toBe(401);
    expect(await liveSessions()).toEqual([]);
  });

  it('does not go by the hint', async () => {
    const { refresh } = await login();
    expect(await service.revoke(refresh, 'access_token')).toMatchObject(DONE);
    expect(await liveSessions()).toEqual([]);
  });

  it('of a token that is no good, or has ended before, is no error', async () => {
    const { access, refresh } = await login();
    await service.revoke(refresh);
    const now = Math.floor(Date.now() / 1000);
    for (const token of [
      refresh,
      access,
      'x',
      `${access}x`,
      forge(HEADER, { ...claimsOf(access), exp: now - 1 }),
      forge(HEADER, { ...claimsOf(refresh), sid: '0'.repeat(32) }),
      forge(HEADER, { ...claimsOf(refresh), token_type: 'challenge' }),
    ]) {
      expect(await service.revoke(token)).toMatchObject(DONE);
    }
  });

  it('ends no session for a token with a bad signature', async () => {
    const { access, refresh } = await login();
    const key = 'another key, long enough for the algorithm, surely';
    for (const token of [access, refresh]) {
      const forged = forge(HEADER, claimsOf(token), key);
      expect(await service.revoke(forged)).toMatchObject(DONE);
    }
    expect(await liveSessions()).toHaveLength(1);
    expect((await server.client.refresh(refresh)).status).toBe(200);
  });

  it('is refused for an access token without a session, which nothing could end', async () => {
    expect(await service.revoke(forge(HEADER, accessClaims('1')))).toMatchObject(UNSUPPORTED);
  });

  it('is an error of ours when the database cannot say', async () => {
    const { refresh } = await login();
    await query(server.database, 'ALTER TABLE auth_session RENAME TO away');
    const failed = await service.revoke(refresh);
    await query(server.database, 'ALTER TABLE away RENAME TO auth_session');
    expect(failed.status).toBeGreaterThanOrEqual(500);
    expect(await liveSessions()).toHaveLength(1);
  });
});

describe('revocation without CHECK_SESSION', () => {
  serve({ SIMPLE_JWT_PROFILE: 'secure', SIMPLE_JWT_CHECK_SESSION: 'false' });

  it('is refused for access tokens, which live to their end', async () => {
    const { access, refresh } = await login();
    expect(await service.revoke(access)).toMatchObject(UNSUPPORTED);
    expect((await server.client.me(access)).status).toBe(200);
    expect(await service.revoke(refresh)).toMatchObject(DONE);
    expect((await server.client.refresh(refresh)).status).toBe(401);
  });

  it('ends sliding tokens', async () => {
    const token = await sliding();
    expect(await service.revoke(token)).toMatchObject(DONE);
    expect((await extend(token)).status).toBe(401);
  });
});

describe('revocation with the Django ledger', () => {
  serve({ SIMPLE_JWT_PROFILE: 'parity' });

  it('blacklists refresh tokens, once', async () => {
    const { refresh } = await login();
    for (const _ of ['once', 'again']) expect(await service.revoke(refresh)).toMatchObject(DONE);
    expect(await blacklisted()).toHaveLength(1);
    expect(await server.client.refresh(refresh)).toMatchObject({
      status: 401,
      body: { detail: 'Token is blacklisted' },
    });
  });

  it('blacklists sliding tokens', async () => {
    const token = await sliding();
    expect(await service.revoke(token)).toMatchObject(DONE);
    expect((await extend(token)).status).toBe(401);
    expect(await blacklisted()).toHaveLength(1);
  });

  it('is refused for access tokens', async () => {
    const { access } = await login();
    expect(await service.revoke(access)).toMatchObject(UNSUPPORTED);
    expect((await server.client.me(access)).status).toBe(200);
    expect(await blacklisted()).toEqual([]);
  });
});
