import { startTestServer, type TestServer } from '../support/server.js';
import { HEADER, claimsOf, forge } from '../support/tokens.js';

jest.setTimeout(60_000);

const USER = { username: 'alice', password: 'a good password' };
const AUDIENCE = ['parcels', 'letters'];

/** The same token as a server would have signed it before a claim of every token was what it is now. */
const older = (token: string): string => forge(HEADER, { ...claimsOf(token), aud: 'parcels' });

describe.each(['sessions', 'django'])('a claim of every token, with the ledger %s', (ledger) => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer({
      env: {
        SIMPLE_JWT_LEDGER: ledger,
        SIMPLE_JWT_AUDIENCE: AUDIENCE.join(),
        SIMPLE_JWT_ROTATE_REFRESH_TOKENS: 'true',
        SIMPLE_JWT_BLACKLIST_AFTER_ROTATION: 'true',
      },
    });
    await server.createUser(USER);
  });
  afterAll(() => server.stop());

  it('reaches the refresh and access tokens of sessions that were open before', async () => {
    const { refresh } = await server.client.login(USER.username, USER.password);
    const { status, body } = await server.client.refresh(older(refresh));
    expect(status).toBe(200);
    expect(claimsOf(body.refresh)['aud']).toEqual(AUDIENCE);
    expect(claimsOf(body.access)['aud']).toEqual(AUDIENCE);
  });

  it('reaches sliding tokens that are extended', async () => {
    const path = '/login/simpleJWT/sliding';
    const { body } = await server.client.post<{ token: string }>(path, USER);
    const extended = await server.client.post<{ token: string }>(`${path}/refresh`, {
      token: older(body.token),
    });
    expect(extended.status).toBe(200);
    expect(claimsOf(extended.body.token)['aud']).toEqual(AUDIENCE);
  });
});
