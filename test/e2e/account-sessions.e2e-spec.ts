import type { Answer } from '../support/client.js';
import { query, truncateTables } from '../support/databases.js';
import { HOME, PlacedClient, STRANGER, type Place } from '../support/placed-client.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { soon } from '../support/soon.js';
import { HEADER, accessClaims, claimsOf, forge } from '../support/tokens.js';

jest.setTimeout(30_000);

const PASSWORD = 'a good password';
const NOT_FOUND = { status: 404, body: { detail: 'Not found.' } };
const UNAUTHENTICATED = {
  status: 401,
  body: { detail: 'Authentication credentials were not provided.' },
};
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/** One session as its user sees it. */
interface Listed {
  readonly id: string;
  readonly current: boolean;
  readonly created_at: string;
  readonly last_used_at: string;
  readonly expires_at: string;
  readonly ip: string | null;
  readonly client: string | null;
}

describe('the sessions of the signed-in user', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer({
      env: { SIMPLE_JWT_PROFILE: 'secure', TRUSTED_PROXIES: '127.8.0.0/16' },
    });
  });
  beforeEach(async () => {
    await truncateTables(server.database);
    for (const username of ['alice', 'bob']) {
      await server.createUser({ username, password: PASSWORD });
    }
  });
  afterAll(() => server.stop());

  const at = (place: Place) => new PlacedClient(server.url, place);
  const login = (place = HOME, username = 'alice') => at(place).login(username, PASSWORD);
  const idOf = ({ access }: { access: string }) => String(claimsOf(access)['sid']);
  const bearer = (access: string) => ({ authorization: `Bearer ${access}` });
  const list = (access: string): Promise<Answer<Listed[]>> =>
    server.client.get('/sessions', bearer(access));
  const end = (access: string, path: string) =>
    server.client.send('DELETE', path, undefined, bearer(access));
  const status = async (access: string) => (await server.client.me(access)).status;
  const refused = (access: string) => soon(401, () => server.client.me(access));

  it('are listed newest first with exactly these members, and say which one asks', async () => {
    const first = await login();
    const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';
    const second = await login({ localAddress: '127.9.9.9', userAgent: firefox });
    await login(HOME, 'bob');
    const third = await login({ ...HOME, userAgent: null });
    const answer = await list(second.access);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.body).toEqual([
      {
        ...anyTimes,
        id: idOf(third),
        current: false,
        ip: '127.0.0.1',
        client: null,
      },
      {
        ...anyTimes,
        id: idOf(second),
        current: true,
        ip: '127.9.9.9',
        client: 'Firefox on Linux',
      },
      {
        ...anyTimes,
        id: idOf(first),
        current: false,
        ip: '127.0.0.1',
        client: 'Browser',
      },
    ]);
    expect(Object.keys(answer.body[0]!)).toEqual([
      'id',
      'current',
      'created_at',
      'last_used_at',
      'expires_at',
      'ip',
      'client',
    ]);
  });

  const anyTimes = {
    created_at: expect.stringMatching(RFC_3339),
    last_used_at: expect.stringMatching(RFC_3339),
    expires_at: expect.stringMatching(RFC_3339),
  };

  it('show when, where and by what they were used last, and when they end unused', async () => {
    const [{ refresh, access }, other] = [await login(), await login()];
    await query(
      server.database,
      `UPDATE auth_session SET created_at = created_at - interval '1 h',
        last_used_at = last_used_at - interval '1 h', expires_at = expires_at - interval '1 h'`,
    );
    const shown = async () =>
      (await list(other.access)).body.find(({ id }) => id === idOf({ access }))!;
    const before = await shown();
    const { refresh: successor } = (await at(STRANGER).refresh(refresh)).body;
    const after = await shown();
    expect(after).toMatchObject({ created_at: before.created_at, ip: '127.9.9.9', client: 'curl' });
    // Whole hours, so that nobody learns when a session was refreshed.
    expect(Date.parse(after.last_used_at) - Date.parse(before.last_used_at)).toBe(3_600_000);
    const hour = 3600;
    expect(Date.parse(after.expires_at)).toBe(
      Math.ceil(Number(claimsOf(successor)['exp']) / hour) * hour * 1000,
    );
  });

  it('carry the address that a trusted proxy vouches for, and no other', async () => {
    const forwarded = { 'x-forwarded-for': '203.0.113.7' };
    const credentials = { username: 'alice', password: PASSWORD };
    const proxy = at({ ...HOME, localAddress: '127.8.0.1' });
    await proxy.post('/login/simpleJWT', credentials, forwarded);
    await at(STRANGER).post('/login/simpleJWT', credentials, forwarded);
    const { access } = await login();
    const addresses = (await list(access)).body.map(({ ip }) => ip);
    expect(addresses).toEqual(['127.0.0.1', '127.9.9.9', '203.0.113.7']);
  });

  it('end one by one, at once, and only by their own user', async () => {
    const [mine, other, foreign] = [await login(), await login(), await login(HOME, 'bob')];
    await Promise.all([mine, other, foreign].map(({ access }) => status(access)));
    const before = await query(server.database, 'SELECT * FROM auth_session ORDER BY id');
    for (const id of [
      idOf(foreign),
      '0'.repeat(32),
      'x',
      '1',
      '%00',
      'a%00b',
      '%F0%9F%92%A9',
      'f'.repeat(90),
      idOf(other).toUpperCase(),
    ]) {
      expect(await end(mine.access, `/sessions/${id}`)).toMatchObject(NOT_FOUND);
    }
    await expect(query(server.database, 'SELECT * FROM auth_session ORDER BY id')).resolves.toEqual(
      before,
    );

    const ended = await end(mine.access, `/sessions/${idOf(other)}`);
    expect(ended).toMatchObject({ status: 204, text: '' });
    expect(await end(mine.access, `/sessions/${idOf(other)}`)).toMatchObject(NOT_FOUND);
    expect((await refused(other.access)).status).toBe(401);
    expect((await server.client.refresh(other.refresh)).body).toMatchObject({
      reason: 'session_ended',
    });
    expect((await list(mine.access)).body.map(({ id }) => id)).toEqual([idOf(mine)]);
    expect(await status(foreign.access)).toBe(200);

    expect((await end(mine.access, `/sessions/${idOf(mine)}`)).status).toBe(204);
    expect((await refused(mine.access)).status).toBe(401);
  });

  it.each([
    ['101 letters', 'f'.repeat(101)],
    ['8000 letters', 'f'.repeat(8000)],
    ['broken percent-encoding', '%ZZ'],
    ['broken UTF-8', '%F0%9F'],
  ])('are not found under a name of %s, and the answer does not repeat it', async (_what, id) => {
    const { access } = await login();
    expect(await end(access, `/sessions/${id}`)).toMatchObject(NOT_FOUND);
  });

  it('end all but the one that asks, or all of them', async () => {
    const [mine, other, foreign] = [await login(), await login(), await login(HOME, 'bob')];
    const statuses = () => Promise.all([mine, other, foreign].map(({ access }) => status(access)));
    await expect(statuses()).resolves.toEqual([200, 200, 200]);
    expect(await end(mine.access, '/sessions')).toMatchObject({ status: 204, text: '' });
    await refused(other.access);
    await expect(statuses()).resolves.toEqual([200, 401, 200]);
    for (const search of ['?all=false', '?all=', '?all=TRUE']) {
      expect((await end(mine.access, `/sessions${search}`)).status).toBe(204);
    }
    expect(await status(mine.access)).toBe(200);
    expect(await end(mine.access, '/sessions?all=true')).toMatchObject({ status: 204, text: '' });
    await refused(mine.access);
    await expect(statuses()).resolves.toEqual([401, 401, 200]);
    expect((await server.client.refresh(mine.refresh)).status).toBe(401);
  });

  it('are shown and ended for nobody without a good token', async () => {
    const { access } = await login();
    for (const [method, path] of [
      ['GET', '/sessions'],
      ['DELETE', '/sessions'],
      ['DELETE', `/sessions/${idOf({ access })}`],
      ['POST', '/users/me/password'],
    ] as const) {
      const bare = await server.client.send(method, path);
      expect(bare).toMatchObject(UNAUTHENTICATED);
      expect(bare.headers.get('www-authenticate')).toBe('Bearer realm="api"');
      const forged = bearer(forge(HEADER, accessClaims('1')));
      expect((await server.client.send(method, path, undefined, forged)).status).toBe(401);
    }
    expect(await status(access)).toBe(200);
  });

  it('follow the HTTP rules of the other views', async () => {
    const { access } = await login();
    const views: Record<string, string> = {
      '/sessions': 'GET, HEAD, DELETE, OPTIONS',
      '/sessions/x': 'DELETE, OPTIONS',
      '/users/me/password': 'POST, OPTIONS',
    };
    for (const [path, allow] of Object.entries(views)) {
      const options = await server.client.send('OPTIONS', path, undefined, bearer(access));
      expect(options).toMatchObject({
        status: 200,
        body: { name: expect.any(String), renders: ['application/json'] },
      });
      expect(options.headers.get('allow')).toBe(allow);
      const put = await server.client.send('PUT', path, undefined, bearer(access));
      expect(put).toMatchObject({ status: 405, body: { detail: 'Method "PUT" not allowed.' } });
      expect(put.headers.get('allow')).toBe(allow);
      const html = await server.client.send('GET', path, undefined, {
        ...bearer(access),
        accept: 'text/html',
      });
      expect(html.status).toBe(406);
    }
  });
});

describe('without rotation', () => {
  let server: TestServer;

  beforeAll(async () => {
    const env = { SIMPLE_JWT_PROFILE: 'secure', SIMPLE_JWT_ROTATE_REFRESH_TOKENS: 'false' };
    server = await startTestServer({ env });
    await server.createUser({ username: 'alice', password: PASSWORD });
  });
  afterAll(() => server.stop());

  it('a refresh notes when and where a session was used, at most once a minute', async () => {
    const at = (place: Place) => new PlacedClient(server.url, place);
    const { refresh } = await at(HOME).login('alice', PASSWORD);
    const list = () =>
      query<Record<'last_used_at' | 'expires_at', Date>>(
        server.database,
        'SELECT last_used_at, expires_at, host(last_ip) AS ip, user_agent FROM auth_session',
      );
    const [before] = await list();
    expect((await at(STRANGER).refresh(refresh)).status).toBe(200);
    expect(await list()).toEqual([before]);
    await query(
      server.database,
      `UPDATE auth_session SET last_used_at = last_used_at - interval '61 s'`,
    );
    expect((await at(STRANGER).refresh(refresh)).status).toBe(200);
    const [after] = await list();
    expect(after).toMatchObject({
      ip: STRANGER.localAddress,
      user_agent: STRANGER.userAgent,
      expires_at: before?.expires_at,
    });
    expect(Date.parse(String(after?.last_used_at))).toBeGreaterThanOrEqual(
      Date.parse(String(before?.last_used_at)),
    );
  });
});
