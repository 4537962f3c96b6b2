import { query, truncateTables } from '../support/databases.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { soon } from '../support/soon.js';

jest.setTimeout(60_000);

const PASSWORD = 'a good password';
const FORBIDDEN = {
  status: 403,
  body: { detail: 'You do not have permission to perform this action.' },
};
const LAST = { status: 403, body: { detail: 'The last superuser cannot be deactivated.' } };
const ROUTES = [
  ['GET', 'sessions'],
  ['DELETE', 'sessions'],
  ['POST', 'deactivate'],
  ['POST', 'activate'],
] as const;
/** By their ids. */
const USERS = {
  root: { id: 1, isStaff: true, isSuperuser: true },
  admin: { id: 2, isStaff: true, isSuperuser: true },
  staff: { id: 3, isStaff: true },
  clerk: { id: 4, isStaff: true },
  hidden: { id: 5, isSuperuser: true },
  alice: { id: 6 },
};
type Name = keyof typeof USERS;

describe('staff', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer({ env: { SIMPLE_JWT_PROFILE: 'secure' } });
  });
  beforeEach(async () => {
    await truncateTables(server.database);
    for (const [username, flags] of Object.entries(USERS)) {
      await server.createUser({ username, password: PASSWORD, ...flags });
    }
  });
  afterAll(() => server.stop());

  const sql = (text: string) => query(server.database, text);
  const login = (username: Name) => server.client.login(username, PASSWORD);
  const act = (access: string, method: string, target: Name, end: string) =>
    server.client.send(method, `/admin/users/${USERS[target].id}/${end}`, undefined, {
      authorization: `Bearer ${access}`,
    });
  const deactivate = (access: string, target: Name, search = '') =>
    act(access, 'POST', target, `deactivate${search}`);
  const inCharge = async () =>
    (await sql('SELECT FROM auth_user WHERE is_superuser AND is_staff AND is_active')).length;

  it.each(ROUTES)(
    'act on users who are not staff, and on nobody else: %s …/%s',
    async (method, end) => {
      const { access } = await login('staff');
      for (const target of ['clerk', 'root', 'hidden', 'staff'] as const) {
        const live = await login(target);
        expect(await act(access, method, target, end)).toMatchObject(FORBIDDEN);
        expect((await server.client.refresh(live.refresh)).status).toBe(200);
      }
      expect((await act(access, method, 'alice', end)).status).toBeLessThan(300);
      await expect(sql('SELECT id FROM auth_user WHERE NOT is_active')).resolves.toEqual(
        end === 'deactivate' ? [{ id: 6 }] : [],
      );
    },
  );

  it.each(ROUTES)('that are superusers act on everybody: %s …/%s', async (method, end) => {
    const { access } = await login('root');
    for (const target of ['alice', 'clerk', 'hidden', 'admin'] as const) {
      expect((await act(access, method, target, end)).status).toBeLessThan(300);
    }
  });

  it('cannot deactivate the last superuser, themselves included', async () => {
    const { access } = await login('root');
    expect((await deactivate(access, 'admin')).status).toBe(204);
    expect(await deactivate(access, 'root')).toMatchObject(LAST);
    await expect(inCharge()).resolves.toBe(1);
    expect((await act(access, 'POST', 'admin', 'activate')).status).toBe(204);
    expect((await deactivate(access, 'root')).status).toBe(204);
    await expect(inCharge()).resolves.toBe(1);
  });

  it('that are superusers leave one of them, when each deactivates the other at once', async () => {
    for (let round = 0; round < 10; round += 1) {
      const [root, admin] = [await login('root'), await login('admin')];
      const answers = await Promise.all([
        deactivate(root.access, 'admin'),
        deactivate(admin.access, 'root'),
      ]);
      const statuses = answers.map(({ status }) => status).toSorted((one, other) => one - other);
      // Who comes second is no superuser any more: the act is refused, or already the access.
      expect(statuses[0]).toBe(204);
      expect([401, 403]).toContain(statuses[1]);
      await expect(inCharge()).resolves.toBe(1);
      await sql('UPDATE auth_user SET is_active = true');
    }
  });

  it('that are superusers leave one of them, when all deactivate themselves at once', async () => {
    await sql('UPDATE auth_user SET is_staff = true, is_superuser = true');
    const all = Object.keys(USERS) as Name[];
    for (let round = 0; round < 5; round += 1) {
      const pairs = await Promise.all(all.map(login));
      const answers = await Promise.all(
        all.map((name, index) => deactivate(pairs[index]!.access, name)),
      );
      expect(answers.filter(({ status }) => status === 204)).toHaveLength(all.length - 1);
      expect(answers.filter(({ status }) => status === 403)).toEqual([
        expect.objectContaining(LAST),
      ]);
      await expect(inCharge()).resolves.toBe(1);
      await sql('UPDATE auth_user SET is_active = true');
    }
  });

  it('lose their rank at once, whatever their tokens and the memory of the server say', async () => {
    const { access } = await login('root');
    expect((await act(access, 'GET', 'clerk', 'sessions')).status).toBe(200);
    await sql('UPDATE auth_user SET is_superuser = false WHERE id = 1');
    expect(await act(access, 'GET', 'clerk', 'sessions')).toMatchObject(FORBIDDEN);
    expect((await act(access, 'GET', 'alice', 'sessions')).status).toBe(200);
  });

  it('end the sessions of whom they deactivate, also when activated again', async () => {
    const [root, alice] = [await login('root'), await login('alice')];
    expect((await deactivate(root.access, 'alice')).status).toBe(204);
    expect((await soon(401, () => server.client.me(alice.access))).status).toBe(401);
    expect((await act(root.access, 'POST', 'alice', 'activate')).status).toBe(204);
    expect((await server.client.refresh(alice.refresh)).body).toMatchObject({
      reason: 'session_ended',
    });
    expect((await server.client.me(alice.access)).status).toBe(401);
    expect((await server.client.obtain('alice', PASSWORD)).status).toBe(200);
  });

  it('let the sessions rest with keep_sessions=true, as plain SQL does', async () => {
    const root = await login('root');
    const byApi = async () => {
      expect((await deactivate(root.access, 'alice', '?keep_sessions=true')).status).toBe(204);
    };
    const bySql = async () => {
      await sql('UPDATE auth_user SET is_active = false WHERE id = 6');
    };
    for (const deactivation of [byApi, bySql]) {
      const alice = await login('alice');
      await deactivation();
      expect((await soon(401, () => server.client.me(alice.access))).body).toMatchObject({
        code: 'user_inactive',
      });
      expect((await server.client.refresh(alice.refresh)).body).toMatchObject({
        reason: 'user_inactive',
      });
      expect((await act(root.access, 'POST', 'alice', 'activate')).status).toBe(204);
      expect((await soon(200, () => server.client.me(alice.access))).status).toBe(200);
      expect((await server.client.refresh(alice.refresh)).status).toBe(200);
    }
  });

  it.each(['?keep_sessions=', '?keep_sessions=false', '?keep_sessions=TRUE'])(
    'end the sessions with %s',
    async (search) => {
      const [root, alice] = [await login('root'), await login('alice')];
      expect((await deactivate(root.access, 'alice', search)).status).toBe(204);
      await act(root.access, 'POST', 'alice', 'activate');
      expect((await server.client.refresh(alice.refresh)).status).toBe(401);
    },
  );
});

describe('with the ledger of Django', () => {
  it('a deactivation ends the tokens of the user as well', async () => {
    const server = await startTestServer();
    await server.createUser({ username: 'root', password: PASSWORD, ...USERS.root });
    await server.createUser({ username: 'alice', password: PASSWORD, ...USERS.alice });
    const { access } = await server.client.login('root', PASSWORD);
    const alice = await server.client.login('alice', PASSWORD);
    const send = (end: string) =>
      server.client.send('POST', `/admin/users/6/${end}`, undefined, {
        authorization: `Bearer ${access}`,
      });
    expect((await send('deactivate')).status).toBe(204);
    expect((await send('activate')).status).toBe(204);
    expect((await server.client.refresh(alice.refresh)).body).toMatchObject({
      detail: 'Token is blacklisted',
    });
    await server.stop();
  });
});
