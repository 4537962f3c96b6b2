import { TestClient } from '../support/client.js';
import { query, truncateTables } from '../support/databases.js';
import { spawnServer } from '../support/process.js';
import { workerDatabase } from '../support/server.js';
import { HEADER, SIGNING_KEY, accessClaims, forge } from '../support/tokens.js';

jest.setTimeout(60_000);

interface LogLine {
  readonly level: string;
  readonly message: { event?: string; status?: number; reason?: string; path?: string };
}

/** What a text consists of that could give it away, each part by itself. */
function pieces(secret: string): string[] {
  return [secret, ...secret.split('.')].filter((piece) => piece.length > 7);
}

describe('the log', () => {
  it('gives the reason of every 401 and never holds a password, a token or a key', async () => {
    const database = await workerDatabase();
    await truncateTables(database);
    const server = await spawnServer({
      NODE_ENV: 'production',
      DATABASE_URL: database,
      SIMPLE_JWT_PROFILE: 'parity',
      SIMPLE_JWT_SIGNING_KEY: SIGNING_KEY,
      SIMPLE_JWT_ROTATE_REFRESH_TOKENS: 'true',
      SIMPLE_JWT_BLACKLIST_AFTER_ROTATION: 'true',
      USERS_FIXTURE: `${import.meta.dirname}/users-fixture.json`,
    });
    const client = new TestClient(server.url);
    const password = 'fays password';
    const first = await client.login('fay', password);
    const second = (await client.refresh(first.refresh)).body;
    const expired = forge(HEADER, { ...accessClaims('8'), exp: 1, iat: 1 });
    const unsigned = forge({ ...HEADER, alg: 'none' }, accessClaims('8'));
    const stranger = forge(HEADER, accessClaims('4711'));
    const nameless = forge(HEADER, { ...accessClaims('8'), user_id: undefined });
    const wrong = 'wrong-password-4711';
    const basic = Buffer.from(`fay:${password}`).toString('base64');

    const refusals = [
      await client.obtain('fay', wrong),
      await client.obtain('nobody-4711', wrong),
      await client.obtain(`${password} in the wrong field`, wrong),
      await client.refresh(first.refresh),
      await client.refresh(first.access),
      await client.refresh(`${second.refresh}x`),
      await client.verify(expired),
      await client.me(expired),
      await client.me(unsigned),
      await client.me(stranger),
      await client.me(nameless),
      await client.me(second.refresh),
      await client.me(`${second.access} twice`),
      await client.get('/users/me', { authorization: `Basic ${basic}` }),
      await client.get(`/users/me?token=${second.access}`),
    ];
    expect(refusals.map(({ status }) => status)).toEqual(refusals.map(() => 401));
    // Not 401, but as tempting to log.
    await client.post('/login/simpleJWT', `{"username":"fay","password":"${wrong}"`);
    await client.post('/login/simpleJWT', { password: wrong });
    await client.post(`/no/such/${second.access}`, {});
    await query(database, 'ALTER TABLE auth_user RENAME TO auth_user_away');
    expect((await client.me(second.access)).status).toBe(500);
    expect((await client.obtain('fay', password)).status).toBe(500);
    await query(database, 'ALTER TABLE auth_user_away RENAME TO auth_user');
    await server.stop();

    const output = server.output();
    const tokens = [
      ...Object.values(first),
      ...Object.values(second),
      expired,
      unsigned,
      stranger,
      nameless,
    ];
    for (const secret of [password, wrong, basic, SIGNING_KEY, ...tokens].flatMap(pieces)) {
      // The header of a token is no secret, and the same in all of them.
      if (secret !== first.access.split('.')[0]) expect(output).not.toContain(secret);
    }
    expect(output).not.toContain(new URL(database).password);

    const lines = output.split('\n').filter((line) => line.startsWith('{'));
    const refused = lines
      .map((line) => (JSON.parse(line) as LogLine).message)
      .filter(({ status }) => status === 401);
    expect(refused).toHaveLength(refusals.length);
    for (const { reason, path } of refused) {
      expect(reason).toMatch(/^[a-z][a-z_]+$/);
      expect(path).not.toContain('?');
    }
    const reasons = new Set(refused.map(({ reason }) => reason));
    for (const reason of ['credentials', 'blacklisted', 'expired', 'algorithm', 'user_not_found']) {
      expect(reasons).toContain(reason);
    }
  });
});
