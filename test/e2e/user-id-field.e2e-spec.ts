import { query, truncateTables } from '../support/databases.js';
import { LogLines } from '../support/log-lines.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { HEADER, accessClaims, forge } from '../support/tokens.js';

jest.setTimeout(60_000);

const PASSWORD = 'a good password';
const NO_ACCOUNT = { detail: 'No active account found with the given credentials' };

describe.each(['parity', 'secure'])('with USER_ID_FIELD=email and the profile %s', (profile) => {
  const log = new LogLines();
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer({
      env: { SIMPLE_JWT_PROFILE: profile, SIMPLE_JWT_USER_ID_FIELD: 'email' },
      logger: log,
    });
  });
  beforeEach(async () => {
    await truncateTables(server.database);
    for (const [id, username, email, isStaff] of [
      [80, 'root', 'shared@example.com', true],
      [81, 'alice', 'shared@example.com', false],
      [82, 'bob', 'bob@example.com', false],
      [83, 'carol', '', false],
    ] as const) {
      await server.createUser({ id, username, email, isStaff, password: PASSWORD });
    }
  });
  afterAll(() => server.stop());

  it('lets those in whom their e-mail address names alone', async () => {
    const { access, refresh } = await server.client.login('bob', PASSWORD);
    expect(await server.client.me(access)).toMatchObject({ status: 200, body: { id: 82 } });
    expect((await server.client.refresh(refresh)).status).toBe(200);
  });

  it.each([
    ['share their address', 'alice'],
    ['share it with somebody of lower rank', 'root'],
    ['have no address', 'carol'],
  ])('gives no token to those who %s, and says why in the log', async (_who, username) => {
    const lines = log.text().length;
    for (const path of ['/login/simpleJWT', '/login/simpleJWT/sliding']) {
      const answer = await server.client.post(path, { username, password: PASSWORD });
      expect(answer).toMatchObject({ status: 401, body: NO_ACCOUNT });
    }
    expect(log.text().slice(lines)).toContain('"reason":"token_id_not_unique"');
  });

  it('opens nobody for a token whose address has come to name two', async () => {
    const { access, refresh } = await server.client.login('bob', PASSWORD);
    await query(server.database, `UPDATE auth_user SET email = 'bob@example.com' WHERE id = 80`);
    const forged = forge(HEADER, accessClaims('bob@example.com'));
    if (profile === 'secure') {
      // The session names its user by the primary key.
      expect(await server.client.me(access)).toMatchObject({ status: 200, body: { id: 82 } });
      expect((await server.client.me(forged)).status).toBe(401);
      return;
    }
    for (const token of [access, forged]) {
      expect(await server.client.me(token)).toMatchObject({
        status: 401,
        body: { code: 'user_not_found' },
      });
    }
    expect((await server.client.refresh(refresh)).status).toBe(401);
  });
});
