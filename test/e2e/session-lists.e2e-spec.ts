import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AccountModule, AuthModule, PasswordHasher, UsersService } from '../../src/index.js';
import type { Answer } from '../support/client.js';
import { dropDatabases, query, truncateTables } from '../support/databases.js';
import {
  HOME,
  OTHER_NETWORK,
  OTHER_PROGRAM,
  PlacedClient,
  type Place,
} from '../support/placed-client.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { claimsOf } from '../support/tokens.js';
import { SIGNING_KEY, hostDatabase, hostTypeOrm, startHost, stopHosts } from './hosts/host.js';

jest.setTimeout(60_000);

const PASSWORD = 'a good password';

interface Listed {
  readonly id: string;
  readonly created_at: string;
  readonly last_used_at: string;
  readonly expires_at: string;
  readonly ip: string | null;
  readonly client: string | null;
}

describe('a list of sessions', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer({ env: { SIMPLE_JWT_PROFILE: 'secure' } });
  });
  beforeEach(async () => {
    await truncateTables(server.database);
    await server.createUser({ id: 1, username: 'root', password: PASSWORD, isStaff: true });
    await server.createUser({ id: 2, username: 'alice', password: PASSWORD });
  });
  afterAll(() => server.stop());

  const idOf = ({ access }: { access: string }) => String(claimsOf(access)['sid']);
  const at = (place: Place) => new PlacedClient(server.url, place);
  const login = (place = HOME, username = 'alice') => at(place).login(username, PASSWORD);
  const get = (path: string, access: string): Promise<Answer<Listed[]>> =>
    server.client.get(path, { authorization: `Bearer ${access}` });

  it.each(['/sessions', '/admin/users/2/sessions'])(
    'has pages, and says how many there are: %s',
    async (path) => {
      const { access } = await login(HOME, path === '/sessions' ? 'alice' : 'root');
      while ((await get(path, access)).body.length < 5) await login();
      const all = await get(path, access);
      expect(all.headers.get('x-total-count')).toBe('5');
      expect(all.headers.get('link')).toBeNull();
      const seen: Listed[] = [];
      const sizes: number[] = [];
      for (let next: string | undefined = `${path}?limit=2`; next !== undefined;) {
        const page = await get(next, access);
        expect(page.headers.get('x-total-count')).toBe('5');
        sizes.push(page.body.length);
        seen.push(...page.body);
        const link = /^<([^>]+)>; rel="next"$/.exec(page.headers.get('link') ?? '');
        next = link?.[1] && new URL(link[1], server.url + path).href.slice(server.url.length);
      }
      expect(sizes).toEqual([2, 2, 1]);
      expect(seen).toEqual(all.body);
    },
  );

  it.each([
    ['limit=0', 'limit'],
    ['limit=201', 'limit'],
    ['limit=', 'limit'],
    ['limit=x', 'limit'],
    ['limit=1.5', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['after=x', 'after'],
    ['after=', 'after'],
    ['after=1.0', 'after'],
    [`after=${'9'.repeat(30)}.${'0'.repeat(32)}`, 'after'],
    ['after=%00', 'after'],
    ['after=1&after=2', 'after'],
  ])('is refused with ?%s', async (search, field) => {
    const { access } = await login();
    const root = await login(HOME, 'root');
    for (const answer of [
      await get(`/sessions?${search}`, access),
      await get(`/admin/users/2/sessions?${search}`, root.access),
    ]) {
      expect(answer).toMatchObject({ status: 400, body: { [field]: [expect.any(String)] } });
    }
  });

  it('tells whoever holds a session nothing of when, where and by what its owner refreshes', async () => {
    const owner = await login();
    const other = await login();
    // Far from a whole hour, and long ago.
    await query(
      server.database,
      `UPDATE auth_session SET created_at = now() - interval '5 h',
        last_used_at = date_trunc('hour', now()) + interval '1 s'`,
    );
    const shown = async () => {
      const answer = await get('/sessions', owner.access);
      return {
        body: answer.text,
        headers: [...answer.headers].filter(([name]) => name !== 'date'),
      };
    };
    const before = await shown();
    // The owner's browser was updated and has changed its network since.
    const refreshed = await at({ ...OTHER_NETWORK, userAgent: 'Browser/2' }).refresh(owner.refresh);
    expect(refreshed.status).toBe(200);
    const after = await shown();
    expect(after).toEqual(before);
    const [second, first] = JSON.parse(after.body) as Listed[];
    expect([second?.id, first?.id]).toEqual(
      [idOf(owner), idOf(other)].toSorted((one, two) => (one < two ? 1 : -1)),
    );
    for (const session of [first, second]) {
      expect(session?.last_used_at).toMatch(/T\d\d:00:00\.000Z$/);
      expect(session?.expires_at).toMatch(/T\d\d:00:00\.000Z$/);
      expect(Date.parse(session!.last_used_at)).toBeLessThanOrEqual(Date.now());
      expect(Date.parse(session!.expires_at)).toBeGreaterThan(Date.now() + 86_000_000);
      expect(session).not.toHaveProperty('user_agent');
    }
    // Of another session it is shown where that was used last, and staff see all.
    const elsewhere = (await get('/sessions', other.access)).body.find(
      ({ id }) => id === idOf(owner),
    );
    expect(elsewhere).toMatchObject({ ip: OTHER_NETWORK.localAddress });
    const root = await login(HOME, 'root');
    const staffs = (await get('/admin/users/2/sessions', root.access)).body.find(
      ({ id }) => id === idOf(owner),
    );
    expect(staffs).toMatchObject({ ip: OTHER_NETWORK.localAddress, user_agent: 'Browser/2' });
    expect(Date.now() - Date.parse(staffs!.last_used_at)).toBeLessThan(60_000);
  });

  it('is in the order of the log-ins, whichever was used last', async () => {
    const pairs = [await login(), await login(), await login()];
    await at(OTHER_PROGRAM).refresh(pairs[0]!.refresh);
    const { body } = await get('/sessions', pairs[1]!.access);
    expect(body.map(({ id }) => id)).toEqual(pairs.toReversed().map(idOf));
  });
});

describe('with BasicAuthentication', () => {
  it('every session is shown as of its start, since any of them may be the asking one', async () => {
    const env = { SIMPLE_JWT_PROFILE: 'secure', AUTHENTICATION_CLASSES: 'BasicAuthentication' };
    const server = await startTestServer({ env });
    await server.createUser({ username: 'alice', password: PASSWORD });
    const { refresh } = await new PlacedClient(server.url, HOME).login('alice', PASSWORD);
    await new PlacedClient(server.url, OTHER_NETWORK).refresh(refresh);
    const basic = { authorization: `Basic ${Buffer.from(`alice:${PASSWORD}`).toString('base64')}` };
    const { body } = await server.client.get<Listed[]>('/sessions', basic);
    expect(body).toEqual([expect.objectContaining({ ip: HOME.localAddress, client: 'Browser' })]);
    await server.stop();
  });
});

describe('SESSIONS_PER_USER', () => {
  let server: TestServer;

  afterEach(() => server.stop());

  const start = async (env: Record<string, string>) => {
    server = await startTestServer({
      env: { SIMPLE_JWT_PROFILE: 'secure', SIMPLE_JWT_SESSIONS_PER_USER: '3', ...env },
    });
    for (const username of ['alice', 'bob']) {
      await server.createUser({ username, password: PASSWORD });
    }
  };
  const login = (username = 'alice') => server.client.login(username, PASSWORD);
  const refreshed = async (refresh: string) => (await server.client.refresh(refresh)).status;

  it('lets the least recently used session go at a log-in, of this user only', async () => {
    await start({});
    const bob = await login('bob');
    const [first, second, third] = [await login(), await login(), await login()];
    const next = await server.client.refresh(first.refresh);
    const fourth = await login();
    expect((await server.client.refresh(second.refresh)).body).toMatchObject({
      reason: 'session_ended',
    });
    for (const { refresh } of [next.body, third, fourth, bob]) {
      expect(await refreshed(refresh)).toBe(200);
    }
  });

  it('counts no session that has ended or expired', async () => {
    await start({});
    const [first, second, third] = [await login(), await login(), await login()];
    await server.client.blacklist(second.refresh);
    await query(
      server.database,
      `UPDATE auth_session SET expires_at = now(), last_used_at = now() + interval '1 h'
       WHERE id = $1::uuid`,
      [claimsOf(third.access)['sid']],
    );
    const fourth = await login();
    for (const { refresh } of [first, fourth]) expect(await refreshed(refresh)).toBe(200);
  });

  it.each(['1', '3'])('%s is kept however many log-ins come at once', async (limit) => {
    await start({ SIMPLE_JWT_SESSIONS_PER_USER: limit });
    for (let round = 0; round < 3; round += 1) {
      const pairs = await Promise.all(Array.from({ length: 12 }, () => login()));
      expect(pairs).toHaveLength(12);
      await expect(
        query(server.database, 'SELECT FROM auth_session WHERE revoked_at IS NULL'),
      ).resolves.toHaveLength(Number(limit));
    }
  });

  it('holds for the tables of Django, where rotation counts as use', async () => {
    await start({
      SIMPLE_JWT_PROFILE: 'parity',
      SIMPLE_JWT_ROTATE_REFRESH_TOKENS: 'true',
      SIMPLE_JWT_BLACKLIST_AFTER_ROTATION: 'true',
    });
    const [first, second, third] = [await login(), await login(), await login()];
    const next = await server.client.refresh(first.refresh);
    const fourth = await login();
    expect(await refreshed(second.refresh)).toBe(401);
    for (const { refresh } of [next.body, third, fourth]) {
      expect(await refreshed(refresh)).toBe(200);
    }
  });

  it('is none by default', async () => {
    await start({ SIMPLE_JWT_SESSIONS_PER_USER: 'none' });
    const pairs = [await login(), await login(), await login(), await login(), await login()];
    for (const { refresh } of pairs) expect(await refreshed(refresh)).toBe(200);
  });
});

describe('a host on Express', () => {
  afterAll(async () => {
    await stopHosts();
    await dropDatabases('host_lists');
  });

  it('lists sessions page by page as well', async () => {
    const database = await hostDatabase('lists');
    @Module({
      imports: [
        TypeOrmModule.forRoot(hostTypeOrm(database)),
        AuthModule.forRoot({ signingKey: SIGNING_KEY }),
        AccountModule,
      ],
    })
    class AppModule {}
    const { app, client } = await startHost(AppModule, { platform: 'express' });
    const password = await app.get(PasswordHasher).hash(PASSWORD);
    await app.get(UsersService).createMissing({ username: 'alice', password });
    const { access } = await client.login('alice', PASSWORD);
    await client.login('alice', PASSWORD);
    const headers = { authorization: `Bearer ${access}` };
    const first = await client.get<Listed[]>('/sessions?limit=1', headers);
    expect(first.headers.get('x-total-count')).toBe('2');
    const next = /<([^>]+)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1];
    const second = await client.get<Listed[]>(`/sessions${next}`, headers);
    expect(second.body).toHaveLength(1);
    expect(second.body[0]?.id).not.toBe(first.body[0]?.id);
    expect(second.headers.get('link')).toBeNull();
  });
});
