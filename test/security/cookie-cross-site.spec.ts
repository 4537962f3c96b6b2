import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { text as readText } from 'node:stream/consumers';
import { BrowserPage, CookieJar } from '../support/browser-page.js';
import type { Answer, HeaderValues } from '../support/client.js';
import { query, truncateTables } from '../support/databases.js';
import { requestHead, sendRaw } from '../support/raw-http.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { HEADER, accessClaims, claimsOf, forge } from '../support/tokens.js';

jest.setTimeout(30_000);

const PASSWORD = 'a good password';
const NAME = '__Secure-refresh';
const LOGIN = '/login/simpleJWT';
const REFRESH = '/login/simpleJWT/refresh';
const BLACKLIST = '/login/simpleJWT/blacklist';
const EVIL = 'https://evil.example';
const FORM = 'application/x-www-form-urlencoded';

interface Posted {
  readonly status: number;
  readonly text: string;
  readonly body: unknown;
  readonly setCookies: readonly string[];
}

/** Posts nothing, to a host of the name that the headers give, which fetch would not do. */
async function postAs(url: string, headers: HeaderValues): Promise<Posted> {
  const sending = request(url, { method: 'POST', headers }).end();
  const [answer] = (await once(sending, 'response')) as [IncomingMessage];
  const text = await readText(answer);
  return {
    status: answer.statusCode ?? 0,
    text,
    body: JSON.parse(text),
    setCookies: answer.headers['set-cookie'] ?? [],
  };
}

const forbidden = { status: 403, body: { code: 'origin_not_allowed' } };

describe('a request that another site makes the browser send', () => {
  let server: TestServer;
  let jar: CookieJar;
  let own: string;

  beforeAll(async () => {
    server = await startTestServer({
      env: {
        SIMPLE_JWT_PROFILE: 'secure',
        SIMPLE_JWT_REFRESH_COOKIE: 'true',
        ALLOWED_ORIGINS: 'https://app.example.com,http://dev.example.com:8080',
      },
    });
    own = server.url.replace('http:', 'https:');
  });

  beforeEach(async () => {
    await truncateTables(server.database);
    await server.createUser({ username: 'alice', password: PASSWORD });
    await server.createUser({ username: 'mallory', password: PASSWORD });
    jar = new CookieJar();
    await page({ 'sec-fetch-site': 'same-origin' }).login('alice', PASSWORD);
  });

  afterAll(() => server.stop());

  const page = (headers: HeaderValues) => new BrowserPage(server.url, jar, headers);
  const sessions = () => query(server.database, 'SELECT to_jsonb(s) AS row FROM auth_session s');

  /** Expects a refusal that leaves no trace, neither in the browser nor here. */
  async function refused(act: () => Promise<Answer>): Promise<void> {
    const before = { sessions: await sessions(), cookie: jar.headerFor(REFRESH) };
    const answer = await act();
    expect(answer).toMatchObject(forbidden);
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect({ sessions: await sessions(), cookie: jar.headerFor(REFRESH) }).toEqual(before);
  }

  it.each<[string, HeaderValues]>([
    ['another site', { 'sec-fetch-site': 'cross-site', origin: EVIL }],
    ['another site that hides its origin', { 'sec-fetch-site': 'cross-site', origin: 'null' }],
    ['a host beside ours', { 'sec-fetch-site': 'same-site', origin: 'https://evil.example.com' }],
    ['no page at all', { 'sec-fetch-site': 'none' }],
    ['an unknown kind of site', { 'sec-fetch-site': 'Same-Origin', origin: EVIL }],
    ['an old browser on another site', { origin: EVIL }],
    ['an old browser and a sandbox', { origin: 'null' }],
    ['nobody who would say', {}],
  ])('is refused from %s', async (_who, headers) => {
    await refused(() => page(headers).renew());
    await refused(() => page(headers).logOut());
    if (Object.keys(headers).length > 0) {
      await refused(() => page(headers).obtain('mallory', PASSWORD));
    }
  });

  it('is refused from an own origin that is on a plain connection, another port or in another spelling', async () => {
    for (const origin of [
      own.replace('https:', 'http:'),
      own.replace(/:\d+$/, ':1'),
      own.replace(/:\d+$/, ''),
      `${own}/`,
      `${own}.evil.example`,
      own.replace('https://', 'https://evil.example@'),
      own.toUpperCase(),
    ]) {
      await refused(() => page({ origin }).renew());
    }
  });

  it('is refused from an origin that is nearly an allowed one', async () => {
    for (const origin of [
      'http://app.example.com',
      'https://app.example.com:8443',
      'https://app.example.com.evil.example',
      'https://app.example.co',
      'https://x.app.example.com',
      'http://dev.example.com',
      'https://app.example.com, https://evil.example',
    ]) {
      await refused(() => page({ 'sec-fetch-site': 'same-site', origin }).renew());
    }
  });

  it('does not become an own one by its own origin, when the browser says otherwise', async () => {
    await refused(() => page({ 'sec-fetch-site': 'cross-site', origin: own }).renew());
    await refused(() => page({ 'sec-fetch-site': 'none', origin: own }).renew());
  });

  it.each<[string, string | undefined, HeaderValues]>([
    ['an empty form', '', { 'content-type': FORM }],
    ['a form', 'x=1', { 'content-type': FORM }],
    [
      'a multipart form',
      '--b\r\n\r\n\r\n--b--\r\n',
      { 'content-type': 'multipart/form-data; boundary=b' },
    ],
    ['JSON', '{}', {}],
    ['no body', undefined, {}],
  ])('is refused with %s', async (_what, body, headers) => {
    const foreign = page({ 'sec-fetch-site': 'cross-site', origin: EVIL });
    await refused(() => foreign.post(REFRESH, body, headers));
    await refused(() => foreign.post(BLACKLIST, body, headers));
  });

  it('never gets to the cookie as plain text, the third type that forms can send', async () => {
    const foreign = page({ 'sec-fetch-site': 'cross-site', origin: EVIL });
    const before = await sessions();
    for (const path of [REFRESH, BLACKLIST]) {
      const answer = await foreign.post(path, '{"x":"="}', { 'content-type': 'text/plain' });
      expect(answer.status).toBe(415);
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
    expect(await sessions()).toEqual(before);
  });

  it('logs nobody in with a form that has a name and a password in it', async () => {
    const form = `username=mallory&password=${encodeURIComponent(PASSWORD)}`;
    const foreign = page({ 'sec-fetch-site': 'cross-site', origin: EVIL });
    await refused(() => foreign.post(LOGIN, form, { 'content-type': FORM }));
  });

  it('plants no cookie with a form that has a token in it', async () => {
    const { refresh } = await server.client.login('mallory', PASSWORD);
    const foreign = page({ 'sec-fetch-site': 'cross-site', origin: EVIL });
    const before = jar.headerFor(REFRESH);
    for (const path of [REFRESH, BLACKLIST]) {
      const answer = await foreign.post(path, `refresh=${refresh}`, { 'content-type': FORM });
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
    expect(jar.headerFor(REFRESH)).toBe(before);
  });

  it('is told from one of our own pages, of an allowed one, and of an old browser', async () => {
    const told: HeaderValues[] = [
      { 'sec-fetch-site': 'same-origin' },
      { 'sec-fetch-site': 'same-origin', origin: own },
      { 'sec-fetch-site': 'same-site', origin: 'https://app.example.com' },
      { 'sec-fetch-site': 'cross-site', origin: 'http://dev.example.com:8080' },
      { origin: 'https://app.example.com' },
      { origin: own },
    ];
    for (const headers of told) {
      expect((await page(headers).renew()).status).toBe(200);
    }
    expect((await page({ origin: own }).logOut()).status).toBe(200);
    expect((await page({ origin: own }).obtain('alice', PASSWORD)).body).not.toHaveProperty(
      'refresh',
    );
  });

  it('is refused when it says twice where it comes from', async () => {
    const cookie = `Cookie: ${jar.headerFor(REFRESH)}`;
    const length = 'Content-Length: 0';
    for (const name of ['Sec-Fetch-Site', 'Origin']) {
      for (const values of [
        ['same-origin', 'cross-site'],
        ['cross-site', 'same-origin'],
        [own, EVIL],
        [EVIL, own],
      ]) {
        const lines = values.map((value) => `${name}: ${value}`);
        const head = requestHead(`POST ${REFRESH}`, cookie, length, ...lines);
        expect((await sendRaw(server.url, head)).status).toBe(400);
      }
    }
  });

  describe('beside one of the name that a neighbour has planted', () => {
    const host = 'app.example.com';
    const headers = { 'sec-fetch-site': 'same-origin', host };
    let good: string;

    beforeEach(() => {
      good = jar.headerFor(REFRESH);
    });

    const both = (...planted: string[]) =>
      [
        [good, ...planted],
        [...planted, good],
      ].map((cookies) => ({ ...headers, cookie: cookies.join('; ') }));
    const swept = ({ setCookies }: Posted) => setCookies.filter((line) => line.includes('Domain='));
    const posted = (path: string, sent: HeaderValues) => postAs(server.url + path, sent);
    const mallorys = async () =>
      `${NAME}=${(await server.client.login('mallory', PASSWORD)).refresh}`;
    const sessionsOf = async (username: string) =>
      (
        await query(
          server.database,
          `SELECT 1 FROM auth_session JOIN auth_user ON auth_user.id::text = user_id
           WHERE username = $1 AND revoked_at IS NULL`,
          [username],
        )
      ).length;

    it.each([
      ['no token', () => 'x'],
      [
        'one of another issuer',
        () => forge(HEADER, claimsOf(good), 'a key of somebody else, 0123456789'),
      ],
      [
        'an access token of ours',
        async () => (await server.client.login('mallory', PASSWORD)).access,
      ],
      ['an old access token', () => forge(HEADER, { ...accessClaims('1'), exp: 1 })],
    ])('is taken where the other is %s', async (_what, plant) => {
      for (const sent of both(`${NAME}=${await plant()}`)) {
        const answer = await posted(REFRESH, sent);
        expect(answer).toMatchObject({ status: 200, body: { access: expect.any(String) } });
        expect(claimsOf(/=([^;]*)/.exec(answer.setCookies[0] ?? '')?.[1] ?? '')).toMatchObject({
          sid: claimsOf(good.slice(NAME.length + 1))['sid'],
        });
        // A cookie of the domain may be another host's by right.
        expect(swept(answer)).toEqual([]);
      }
    });

    it('is refused where both are signed by us, and the planted one deleted', async () => {
      const planted = await mallorys();
      for (const sent of both(planted)) {
        const answer = await posted(REFRESH, sent);
        expect(answer).toMatchObject({
          status: 400,
          body: { detail: expect.stringContaining(NAME) },
        });
        expect(answer.text).not.toContain(planted);
        expect(answer.setCookies).toEqual(
          ['/', '/login', '/login/', '/login/simpleJWT', '/login/simpleJWT/', REFRESH].map(
            (path) => `${NAME}=; Max-Age=0; Domain=example.com; Path=${path}; Secure`,
          ),
        );
      }
      const twice = { ...headers, cookie: `${good}; x=1; ${good}` };
      expect((await posted(REFRESH, twice)).status).toBe(200);
    });

    it('ends with it at log-out, and both are deleted', async () => {
      const planted = await mallorys();
      const [sent = {}] = both(planted, `${NAME}=x`);
      const answer = await posted(BLACKLIST, sent);
      expect(answer).toMatchObject({ status: 200, body: {} });
      expect([await sessionsOf('alice'), await sessionsOf('mallory')]).toEqual([0, 0]);
      const lines = answer.setCookies;
      for (const path of [REFRESH, BLACKLIST]) {
        expect(lines).toContain(
          `${NAME}=; Max-Age=0; Path=${path}; HttpOnly; Secure; SameSite=Strict`,
        );
      }
      for (const domain of [host, 'example.com']) {
        for (const path of ['/', '/login/', '/login/simpleJWT', BLACKLIST]) {
          expect(lines).toContain(`${NAME}=; Max-Age=0; Domain=${domain}; Path=${path}; Secure`);
        }
      }
    });

    it('ends at log-out though the other has ended before', async () => {
      const planted = await mallorys();
      await server.client.blacklist(planted.slice(NAME.length + 1));
      for (const sent of both(planted)) {
        const answer = await posted(BLACKLIST, sent);
        expect(answer.setCookies.length).toBeGreaterThan(2);
        expect(await sessionsOf('alice')).toBe(0);
      }
    });

    it('counts as none where none is signed by us', async () => {
      const cookie = `${NAME}=x; ${NAME}=y`;
      for (const path of [REFRESH, BLACKLIST]) {
        const answer = await posted(path, { ...headers, cookie });
        expect(answer).toMatchObject({ status: 401, body: { detail: 'Token is invalid' } });
        expect(answer.setCookies).toEqual([]);
      }
    });
  });
});
