import { query, truncateTables } from '../support/databases.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { HEADER, accessClaims, claimsOf, forge } from '../support/tokens.js';

jest.setTimeout(60_000);

const PASSWORD = 'a good password';
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe.each(['parity', 'secure'])(
  'the account routes with JWTStatelessUserAuthentication and the profile %s',
  (profile) => {
    let server: TestServer;

    beforeAll(async () => {
      server = await startTestServer({
        env: {
          SIMPLE_JWT_PROFILE: profile,
          SIMPLE_JWT_USER_ID_FIELD: 'username',
          SIMPLE_JWT_LOGIN_LIMIT: '2/15m',
          AUTHENTICATION_CLASSES: 'JWTStatelessUserAuthentication',
        },
      });
    });
    beforeEach(async () => {
      await truncateTables(server.database);
      for (const username of ['alice', 'bob']) {
        await server.createUser({ username, password: PASSWORD });
      }
    });
    afterAll(() => server.stop());

    const sql = (text: string) => query(server.database, text);
    const login = (username = 'alice') => server.client.login(username, PASSWORD);
    const list = async (access: string) =>
      (await server.client.get<unknown[]>('/sessions', bearer(access))).body;
    const change = (access: string, old: string) =>
      server.client.post(
        '/users/me/password',
        { old_password: old, new_password: 'the next one' },
        bearer(access),
      );
    /** A good token of this login that says something else as well. */
    const claiming = (access: string, claims: object) =>
      forge(HEADER, { ...claimsOf(access), ...claims });

    it('list the sessions of the user whom the claim names', async () => {
      const { access } = await login();
      await login();
      await login('bob');
      expect(await list(access)).toHaveLength(2);
    });

    it('end them', async () => {
      const [mine, other, foreign] = [await login(), await login(), await login('bob')];
      const answer = await server.client.send(
        'DELETE',
        '/sessions?all=true',
        undefined,
        bearer(mine.access),
      );
      expect(answer.status).toBe(204);
      for (const { refresh } of [mine, other]) {
        expect((await server.client.refresh(refresh)).status).toBe(401);
      }
      expect((await server.client.refresh(foreign.refresh)).status).toBe(200);
    });

    it("change the user's password", async () => {
      const { access } = await login();
      expect((await change(access, PASSWORD)).status).toBe(204);
      expect((await server.client.obtain('alice', 'the next one')).status).toBe(200);
    });

    it('count wrong passwords for that user alone', async () => {
      const [alice, bob] = [await login(), await login('bob')];
      for (const status of [400, 400, 429]) {
        expect((await change(alice.access, 'wrong')).status).toBe(status);
      }
      expect((await change(bob.access, PASSWORD)).status).toBe(204);
    });

    it('answer 401 to a token whose user is gone, and to one of a deactivated user', async () => {
      const { access } = await login();
      await sql(`UPDATE auth_user SET is_active = false WHERE username = 'alice'`);
      expect(await server.client.get('/sessions', bearer(access))).toMatchObject({
        status: 401,
        body: { code: 'user_inactive' },
      });
      if (profile === 'secure') return;
      const nobody = forge(HEADER, accessClaims('nobody'));
      for (const answer of [
        await server.client.get('/sessions', bearer(nobody)),
        await server.client.send('DELETE', '/sessions', undefined, bearer(nobody)),
        await change(nobody, PASSWORD),
      ]) {
        expect(answer).toMatchObject({ status: 401, body: { code: 'user_not_found' } });
      }
    });

    it('open the routes of staff to those who are staff now, whatever their token says', async () => {
      const [alice, bob] = [await login(), await login('bob')];
      const path = '/admin/users/1/sessions';
      await sql(`UPDATE auth_user SET is_staff = username = 'bob'`);
      const former = claiming(alice.access, { is_staff: true });
      expect((await server.client.get(path, bearer(former))).status).toBe(403);
      const [{ id } = { id: 0 }] = await sql(`SELECT id FROM auth_user WHERE username = 'alice'`);
      const answer = await server.client.get(
        `/admin/users/${String(id)}/sessions`,
        bearer(bob.access),
      );
      expect(answer.status).toBe(200);
    });
  },
);
