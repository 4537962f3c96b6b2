import { join } from 'node:path';
import { UsersFixture } from '../../src/server/users-fixture.js';
import { query } from '../support/databases.js';
import { startTestServer, type TestServer } from '../support/server.js';

const FILE = join(import.meta.dirname, 'users-fixture.json');
const USERS =
  'SELECT id, username, email, is_active, is_staff, password FROM auth_user ORDER BY id';

describe('the users of USERS_FIXTURE', () => {
  let server: TestServer;

  beforeEach(async () => {
    server = await startTestServer({
      env: { AUTHENTICATION_CLASSES: 'JWTAuthentication,TokenAuthentication' },
    });
    await server.app.get(UsersFixture).load(FILE);
  });

  afterEach(() => server.stop());

  it('are created with hashed passwords and can log in', async () => {
    await expect(query(server.database, USERS)).resolves.toEqual([
      {
        id: 1,
        username: 'fay',
        email: 'fay@example.com',
        is_active: true,
        is_staff: false,
        password: expect.stringMatching(/^argon2\$argon2id\$/),
      },
      { id: 40, username: 'gus', email: '', is_active: false, is_staff: true, password: '!' },
    ]);
    expect((await server.client.obtain('fay', 'fays password')).status).toBe(200);
    expect((await server.client.obtain('gus', '!')).status).toBe(401);
  });

  it('stay as they are when the file is loaded again', async () => {
    await query(
      server.database,
      "UPDATE auth_user SET email = 'new@example.com', is_active = true",
    );
    const before = await query(server.database, USERS);
    await server.app.get(UsersFixture).load(FILE);
    await expect(query(server.database, USERS)).resolves.toEqual(before);
  });

  it('bring their tokens, and later users are numbered behind them', async () => {
    const key = '0123456789abcdef0123456789abcdef01234567';
    const answer = () => server.client.get('/users/me', { authorization: `Token ${key}` });
    expect((await answer()).body).toEqual({ detail: 'User inactive or deleted.' });
    await query(server.database, 'UPDATE auth_user SET is_active = true');
    expect((await answer()).body).toEqual({ id: 40, username: 'gus' });
    await server.createUser({ username: 'later', password: 'x' });
    const ids = "SELECT id FROM auth_user WHERE username = 'later'";
    await expect(query(server.database, ids)).resolves.toEqual([{ id: 41 }]);
  });
});
