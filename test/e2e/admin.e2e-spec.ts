import { query, truncateTables } from '../support/databases.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { soon } from '../support/soon.js';
import { claimsOf } from '../support/tokens.js';

jest.setTimeout(30_000);

const PASSWORD = 'a good password';
const NOT_FOUND = { status: 404, body: { detail: 'Not found.' } };
const FORBIDDEN = {
  status: 403,
  body: { detail: 'You do not have permission to perform this action.' },
};
const UNAUTHENTICATED = {
  status: 401,
  body: { detail: 'Authentication credentials were not provided.' },
};
const ROUTES = [
  ['GET', 'sessions'],
  ['DELETE', 'sessions'],
  ['POST', 'deactivate'],
  ['POST', 'activate'],
] as const;

/** Ids: 1 is staff, 2 and 3 are not. */
describe('staff', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer({ env: { SIMPLE_JWT_PROFILE: 'secure' } });
  });
  beforeEach(async () => {
    await truncateTables(server.database);
    await server.createUser({ username: 'root', password: PASSWORD, isStaff: true });
    for (const username of ['alice', 'bob']) {
      await server.createUser({ username, password: PASSWORD });
    }
  });
  afterAll(() => server.stop());

  const login = (username: string) => server.client.login(username, PASSWORD);
  const status = async (access: string) => (await server.client.me(access)).status;
  const act = (access: string, method: string, path: string) =>
    server.client.send(method, path, undefined, { authorization: `Bearer ${access}` });
  const users = () => query(server.database, 'SELECT id, is_active FROM auth_user ORDER BY id');

  it('see the live sessions of a user, newest first, none of them as their own', async () => {
    const { access } = await login('root');
    const [first, second] = [await login('alice'), await login('alice')];
    await login('bob');
    const answer = await act(access, 'GET', '/admin/users/2/sessions');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const sids = [second, first].map((pair) => claimsOf(pair.access)['sid']);
    expect(answer.body).toEqual(
      sids.map((id) => ({
        id,
        current: false,
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/),
        last_used_at: expect.any(String),
        expires_at: expect.any(String),
        ip: '127.0.0.1',
        user_agent: 'node',
        client: 'node',
      })),
    );
  });

  it('end all sessions of a user at once, and of nobody else', async () => {
    const [root, alice, other, bob] = [
      await login('root'),
      await login('alice'),
      await login('alice'),
      await login('bob'),
    ];
    for (const { access } of [alice, other, bob]) expect(await status(access)).toBe(200);
    const answer = await act(root.access, 'DELETE', '/admin/users/2/sessions');
    expect(answer).toMatchObject({ status: 204, text: '' });
    for (const { access, refresh } of [alice, other]) {
      expect((await soon(401, () => server.client.me(access))).status).toBe(401);
      expect((await server.client.refresh(refresh)).body).toMatchObject({
        reason: 'session_ended',
      });
    }
    expect(await status(bob.access)).toBe(200);
    expect(await status(root.access)).toBe(200);
    expect((await act(root.access, 'DELETE', '/admin/users/2/sessions')).status).toBe(204);
    expect((await server.client.obtain('alice', PASSWORD)).status).toBe(200);
  });

  it('deactivate a user everywhere, and let the user in again', async () => {
    const [root, alice] = [await login('root'), await login('alice')];
    expect(await status(alice.access)).toBe(200);
    for (let times = 0; times < 2; times += 1) {
      const answer = await act(root.access, 'POST', '/admin/users/2/deactivate');
      expect(answer).toMatchObject({ status: 204, text: '' });
    }
    expect((await soon(401, () => server.client.me(alice.access))).status).toBe(401);
    expect((await server.client.refresh(alice.refresh)).status).toBe(401);
    const inactive = await server.client.obtain('alice', PASSWORD);
    const wrong = await server.client.obtain('alice', 'wrong');
    expect(inactive.status).toBe(401);
    expect(inactive.text).toBe(wrong.text);

    expect((await act(root.access, 'POST', '/admin/users/2/activate')).status).toBe(204);
    expect((await server.client.obtain('alice', PASSWORD)).status).toBe(200);
  });

  it.each(ROUTES)(
    'alone may %s …/%s: others are refused, whoever is named',
    async (method, end) => {
      const { access } = await login('alice');
      const { access: live } = await login('bob');
      const before = await users();
      for (const id of ['3', '2', '999', 'x']) {
        expect(await act(access, method, `/admin/users/${id}/${end}`)).toMatchObject(FORBIDDEN);
        const bare = await server.client.send(method, `/admin/users/${id}/${end}`);
        expect(bare).toMatchObject(UNAUTHENTICATED);
        expect(bare.headers.get('www-authenticate')).toBe('Bearer realm="api"');
      }
      await expect(users()).resolves.toEqual(before);
      expect(await status(live)).toBe(200);
    },
  );

  it.each(ROUTES)('get 404 for %s …/%s of an id that nobody has', async (method, end) => {
    const { access } = await login('root');
    const before = await users();
    const strange = [
      '999',
      '0',
      '-1',
      'x',
      '02',
      '2.0',
      '%202',
      '2%00',
      '99999999999999999999',
      '%00',
    ];
    for (const id of strange) {
      expect(await act(access, method, `/admin/users/${id}/${end}`)).toMatchObject(NOT_FOUND);
    }
    await expect(users()).resolves.toEqual(before);
  });

  it('lose their rights at once with the flag', async () => {
    const { access } = await login('root');
    expect((await act(access, 'GET', '/admin/users/2/sessions')).status).toBe(200);
    await query(server.database, 'UPDATE auth_user SET is_staff = false WHERE id = 1');
    const answer = await soon(403, () => act(access, 'GET', '/admin/users/2/sessions'));
    expect(answer).toMatchObject(FORBIDDEN);
  });

  it('meet the HTTP rules of the other views', async () => {
    const { access } = await login('root');
    const views = {
      sessions: 'GET, HEAD, DELETE, OPTIONS',
      deactivate: 'POST, OPTIONS',
      activate: 'POST, OPTIONS',
    };
    for (const [end, allow] of Object.entries(views)) {
      const options = await act(access, 'OPTIONS', `/admin/users/2/${end}`);
      expect(options).toMatchObject({
        status: 200,
        body: { name: expect.any(String), renders: ['application/json'] },
      });
      expect(options.headers.get('allow')).toBe(allow);
      const put = await act(access, 'PUT', `/admin/users/2/${end}`);
      expect(put).toMatchObject({ status: 405, body: { detail: 'Method "PUT" not allowed.' } });
      expect(put.headers.get('allow')).toBe(allow);
    }
  });
});
