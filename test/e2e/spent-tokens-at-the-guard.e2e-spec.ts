import { truncateTables } from '../support/databases.js';
import { startTestServer, type TestServer } from '../support/server.js';

jest.setTimeout(30_000);

const PASSWORD = 'a good password';

let server: TestServer;

function serve(env: Record<string, string>): void {
  beforeAll(async () => {
    server = await startTestServer({ env });
  });
  beforeEach(async () => {
    await truncateTables(server.database);
    await server.createUser({ username: 'alice', password: PASSWORD });
  });
  afterAll(() => server.stop());
}

describe.each(['parity', 'secure'])(
  'a sliding token that opens the guard, profile %s',
  (profile) => {
    serve({
      SIMPLE_JWT_PROFILE: profile,
      SIMPLE_JWT_CHECK_SESSION: 'false',
      SIMPLE_JWT_AUTH_TOKEN_CLASSES: 'AccessToken,SlidingToken',
    });

    it('opens it no more once it has been ended, also where it was let in before', async () => {
      const credentials = { username: 'alice', password: PASSWORD };
      const path = '/login/simpleJWT/sliding';
      const { token } = (await server.client.post<{ token: string }>(path, credentials)).body;
      const { access } = await server.client.login('alice', PASSWORD);
      expect((await server.client.me(token)).status).toBe(200);
      expect((await server.client.me(token)).status).toBe(200);
      const authorization = `Bearer ${access}`;
      await server.client.send('DELETE', '/sessions?all=true', undefined, { authorization });
      expect((await server.client.me(token)).status).toBe(401);
    });
  },
);

describe('a refresh token that opens the guard', () => {
  serve({
    SIMPLE_JWT_PROFILE: 'secure',
    SIMPLE_JWT_AUTH_TOKEN_CLASSES: 'AccessToken,RefreshToken',
  });

  it('opens it no more once its successor has been rotated, and does not tell when that was made', async () => {
    const { refresh } = await server.client.login('alice', PASSWORD);
    expect((await server.client.me(refresh)).status).toBe(200);
    const { body } = await server.client.refresh(refresh);
    expect((await server.client.me(refresh)).status).toBe(200);
    const { body: next } = await server.client.refresh(body.refresh);
    expect((await server.client.me(refresh)).status).toBe(401);
    expect((await server.client.me(body.refresh)).status).toBe(200);
    expect((await server.client.me(next.refresh)).status).toBe(200);
  });
});
