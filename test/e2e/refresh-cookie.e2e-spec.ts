import { BrowserPage, CookieJar } from '../support/browser-page.js';
import type { Answer, HeaderValues } from '../support/client.js';
import { query, truncateTables } from '../support/databases.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { HEADER, claimsOf, forge } from '../support/tokens.js';

jest.setTimeout(30_000);

const PASSWORD = 'a good password';
const NAME = '__Secure-refresh';
const VIEWS = [
  '/login/simpleJWT/refresh',
  '/api/token/refresh',
  '/login/simpleJWT/blacklist',
  '/api/token/blacklist',
];
const SAME_ORIGIN = { 'sec-fetch-site': 'same-origin' };

let server: TestServer;

/** Runs a server with these settings for the tests of a block. */
function serve(env: Record<string, string>): void {
  beforeAll(async () => {
    server = await startTestServer({ env: { SIMPLE_JWT_PROFILE: 'secure', ...env } });
  });
  beforeEach(async () => {
    await truncateTables(server.database);
    await server.createUser({ username: 'alice', password: PASSWORD });
  });
  afterAll(() => server.stop());
}

/** A page of our own whose user has logged in. */
async function loggedIn(jar = new CookieJar(), headers: HeaderValues = SAME_ORIGIN) {
  const page = new BrowserPage(server.url, jar, headers);
  expect(await page.obtain('alice', PASSWORD)).toMatchObject({ status: 200 });
  return page;
}

/** The values of the cookie in an answer, each once. */
const given = ({ headers }: Answer) => [
  ...new Set(headers.getSetCookie().map((line) => /=([^;]*)/.exec(line)?.[1])),
];
const tokenIn = (jar: CookieJar) => jar.headerFor(VIEWS[0]!).slice(NAME.length + 1);
const cookieOf = (token: string) => ({ cookie: `${NAME}=${token}` });
const liveSessions = async () =>
  (await query(server.database, 'SELECT id FROM auth_session WHERE revoked_at IS NULL')).length;

const missing = { status: 400, body: { refresh: ['This field is required.'] } };

describe('with cookie mode', () => {
  serve({
    SIMPLE_JWT_REFRESH_COOKIE: 'true',
    SIMPLE_JWT_REFRESH_TOKEN_LIFETIME: '2h',
  });

  it('gives the access token in the body, and the refresh token in a cookie for each path that takes it', async () => {
    const answer = await new BrowserPage(server.url).obtain('alice', PASSWORD);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ access: expect.any(String) });
    const [token = ''] = given(answer);
    const { token_type, exp, iat } = claimsOf(token);
    expect(token_type).toBe('refresh');
    expect(answer.headers.getSetCookie()).toEqual(
      VIEWS.map((path) =>
        expect.stringMatching(
          new RegExp(
            `^${NAME}=${token}; Max-Age=(7200|71\\d\\d); Path=${path}; HttpOnly; Secure; SameSite=Strict$`,
          ),
        ),
      ),
    );
    expect(Number(exp) - Number(iat)).toBe(7200);
  });

  it('carries a browser from log-in over refreshes to log-out', async () => {
    const page = await loggedIn();
    const first = tokenIn(page.jar);
    const renewed = await page.renew();
    expect(renewed).toMatchObject({ status: 200, body: { access: expect.any(String) } });
    expect(renewed.body).not.toHaveProperty('refresh');
    expect(tokenIn(page.jar)).not.toBe(first);
    expect((await page.me(renewed.body.access)).status).toBe(200);
    expect((await page.post('/api/token/refresh/', {})).status).toBe(200);
    expect(await liveSessions()).toBe(1);

    const loggedOut = await page.logOut();
    expect(loggedOut).toMatchObject({ status: 200, body: {} });
    expect(loggedOut.headers.getSetCookie()).toHaveLength(VIEWS.length);
    expect(page.jar.size).toBe(0);
    expect(await liveSessions()).toBe(0);
    expect(await page.renew()).toMatchObject(missing);
    expect((await page.me(renewed.body.access)).status).toBe(401);
  });

  it('follows the end of the session with the age of the cookie', async () => {
    const page = await loggedIn();
    await query(server.database, "UPDATE auth_session SET ends_at = now() + interval '10 minutes'");
    const renewed = await page.renew();
    const ages = renewed.headers.getSetCookie().map((line) => /Max-Age=(\d+)/.exec(line)?.[1]);
    expect(ages).toHaveLength(VIEWS.length);
    for (const age of ages) expect(Number(age)).toBeGreaterThan(500);
    for (const age of ages) expect(Number(age)).toBeLessThanOrEqual(600);
  });

  it('reads the cookie in no other view', async () => {
    const page = await loggedIn();
    const token = tokenIn(page.jar);
    const cookie = { cookie: `${NAME}=${token}; token=${token}; access=${token}` };
    for (const path of [
      '/login/simpleJWT',
      '/login/simpleJWT/verify',
      '/login/simpleJWT/sliding/refresh',
    ]) {
      expect(page.jar.headerFor(path)).toBe('');
      expect((await page.post(path, {}, cookie)).status).toBe(400);
    }
    expect((await page.get('/users/me', cookie)).status).toBe(401);
    expect((await page.get('/login/simpleJWT/refresh', cookie)).status).toBe(405);
    expect(
      await page.post('/login/simpleJWT/refresh', {}, { cookie: `refresh=${token}` }),
    ).toMatchObject(missing);
  });

  describe('several tabs', () => {
    it('get the identical successor when they refresh at once', async () => {
      const { jar } = await loggedIn();
      const tabs = Array.from({ length: 6 }, () => new BrowserPage(server.url, jar));
      const answers = await Promise.all(tabs.map((tab) => tab.renew()));
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
      expect(new Set(answers.flatMap(given)).size).toBe(1);
      expect(given(answers[0]!)).toEqual([tokenIn(jar)]);
      expect((await tabs[0]!.renew()).status).toBe(200);
    });

    it('keep the newer cookie when an old one comes late', async () => {
      const page = await loggedIn();
      const late = { cookie: `${NAME}=${tokenIn(page.jar)}` };
      for (const _ of [1, 2, 3]) await page.renew();
      const newest = tokenIn(page.jar);
      const stale = await page.post('/login/simpleJWT/refresh', {}, late);
      expect(stale).toMatchObject({ status: 401, body: { reason: 'stale' } });
      expect(given(stale)).toEqual([]);
      expect(tokenIn(page.jar)).toBe(newest);
      expect((await page.renew()).status).toBe(200);
    });

    it('keep the cookie of a new log-in when the end of the old session comes late', async () => {
      const page = await loggedIn();
      const late = { cookie: `${NAME}=${tokenIn(page.jar)}` };
      await query(server.database, 'UPDATE auth_session SET revoked_at = now()');
      await loggedIn(page.jar);
      const ended = await page.post('/login/simpleJWT/refresh', {}, late);
      expect(ended).toMatchObject({ status: 401, body: { reason: 'session_ended' } });
      expect(given(ended)).toEqual([]);
      expect((await page.renew()).status).toBe(200);
    });
  });

  it('keeps the cookie of a deactivated user, whose session lives again on activation', async () => {
    const page = await loggedIn();
    await query(server.database, 'UPDATE auth_user SET is_active = false');
    const refused = await page.renew();
    expect(refused).toMatchObject({ status: 401, body: { reason: 'user_inactive' } });
    expect(given(refused)).toEqual([]);
    await query(server.database, 'UPDATE auth_user SET is_active = true');
    expect((await page.renew()).status).toBe(200);
  });

  describe('log-out', () => {
    it('clears the cookie of a session that had ended before', async () => {
      const page = await loggedIn();
      await query(server.database, 'UPDATE auth_session SET revoked_at = now()');
      expect(await page.logOut()).toMatchObject({ status: 401 });
      expect(page.jar.size).toBe(0);
    });

    it('clears a cookie whose token has expired', async () => {
      const page = await loggedIn();
      const token = tokenIn(page.jar);
      const now = Math.floor(Date.now() / 1000);
      const expired = forge(HEADER, { ...claimsOf(token), exp: now - 1 });
      const out = await page.post('/login/simpleJWT/blacklist', {}, cookieOf(expired));
      expect(out).toMatchObject({ status: 401, body: { detail: 'Token is expired' } });
      expect(given(out)).toEqual(['']);
    });

    it('keeps a cookie of which nothing was ended, as on a server that does not know its key yet', async () => {
      const page = await loggedIn();
      const token = tokenIn(page.jar);
      const other = 'a new secret that this server does not know yet';
      for (const strange of [
        forge(HEADER, claimsOf(token), other),
        forge(HEADER, { ...claimsOf(token), token_type: 'access' }),
        'x',
      ]) {
        const out = await page.post('/login/simpleJWT/blacklist', {}, cookieOf(strange));
        expect(out.status).toBe(401);
        expect(given(out)).toEqual([]);
      }
      expect(tokenIn(page.jar)).toBe(token);
      expect(await liveSessions()).toBe(1);
      expect((await page.logOut()).status).toBe(200);
    });

    it('keeps the cookie when nobody could end the session', async () => {
      const page = await loggedIn();
      await query(server.database, 'ALTER TABLE auth_session RENAME TO away');
      const failed = await page.logOut();
      await query(server.database, 'ALTER TABLE away RENAME TO auth_session');
      expect(failed.status).toBeGreaterThanOrEqual(500);
      expect(given(failed)).toEqual([]);
      expect((await page.logOut()).status).toBe(200);
    });

    it('ends the session with an old cookie too', async () => {
      const page = await loggedIn();
      const old = { cookie: `${NAME}=${tokenIn(page.jar)}` };
      for (const _ of [1, 2, 3]) await page.renew();
      expect((await page.post('/login/simpleJWT/blacklist', {}, old)).status).toBe(200);
      expect(await liveSessions()).toBe(0);
    });
  });

  describe('who does not use cookies', () => {
    it('logs in, refreshes and logs out with tokens in bodies as ever', async () => {
      const pair = await server.client.login('alice', PASSWORD);
      const next = await server.client.refresh(pair.refresh);
      expect(next).toMatchObject({ status: 200, body: { refresh: expect.any(String) } });
      const out = await server.client.blacklist(next.body.refresh);
      expect(out.status).toBe(200);
      for (const answer of [next, out]) expect(given(answer)).toEqual([]);
      expect(await liveSessions()).toBe(0);
    });

    it('is answered in the body from a page as well, and leaves its cookie alone', async () => {
      const page = await loggedIn();
      const cookie = tokenIn(page.jar);
      const other = await server.client.login('alice', PASSWORD);
      const next = await page.refresh(other.refresh);
      expect(next).toMatchObject({ status: 200, body: { refresh: expect.any(String) } });
      expect((await page.blacklist(next.body.refresh)).status).toBe(200);
      expect(tokenIn(page.jar)).toBe(cookie);
      expect((await page.renew()).status).toBe(200);
    });

    it('gets the messages of its body, not a look at the cookie', async () => {
      const page = await loggedIn();
      const path = '/login/simpleJWT/refresh';
      for (const [body, answer] of [
        [{ refresh: '' }, { refresh: ['This field may not be blank.'] }],
        [{ refresh: null }, { refresh: ['This field may not be null.'] }],
        [[], { non_field_errors: [expect.any(String)] }],
      ]) {
        expect(await page.post(path, body)).toMatchObject({ status: 400, body: answer });
      }
      expect((await page.post(path, '{')).status).toBe(400);
      expect(given(await page.post(path, '{'))).toEqual([]);
    });
  });
});

describe('without cookie mode', () => {
  serve({ ALLOWED_ORIGINS: 'https://app.example.com' });

  it('sets no cookie and reads none', async () => {
    const page = new BrowserPage(server.url);
    const answer = await page.obtain('alice', PASSWORD);
    expect(answer).toMatchObject({ status: 200, body: { refresh: expect.any(String) } });
    const next = await page.refresh(answer.body.refresh);
    expect(next).toMatchObject({ status: 200, body: { refresh: expect.any(String) } });
    expect([answer, next].flatMap(given)).toEqual([]);
    const cookie = [NAME, '__Host-refresh', 'refresh']
      .map((name) => `${name}=${next.body.refresh}`)
      .join('; ');
    for (const path of VIEWS) expect(await page.post(path, {}, { cookie })).toMatchObject(missing);
    expect(await liveSessions()).toBe(1);
  });

  it('asks nobody for an origin', async () => {
    const foreign = new BrowserPage(server.url, new CookieJar(), {
      'sec-fetch-site': 'cross-site',
      origin: 'https://evil.example',
    });
    expect((await foreign.obtain('alice', PASSWORD)).status).toBe(200);
  });
});

describe('without rotation', () => {
  serve({ SIMPLE_JWT_REFRESH_COOKIE: 'true', SIMPLE_JWT_ROTATE_REFRESH_TOKENS: 'false' });

  it('leaves the cookie as the log-in set it', async () => {
    const page = await loggedIn();
    const renewed = await page.renew();
    expect(renewed).toMatchObject({ status: 200, body: { access: expect.any(String) } });
    expect(given(renewed)).toEqual([]);
    expect((await page.renew()).status).toBe(200);
  });
});

describe("with the Django ledger's rotation", () => {
  serve({
    SIMPLE_JWT_PROFILE: 'parity',
    SIMPLE_JWT_REFRESH_COOKIE: 'true',
    SIMPLE_JWT_ROTATE_REFRESH_TOKENS: 'true',
    SIMPLE_JWT_BLACKLIST_AFTER_ROTATION: 'true',
  });

  it('gives one of several tabs the successor, and its losers do not touch it', async () => {
    const { jar } = await loggedIn();
    const tabs = Array.from({ length: 4 }, () => new BrowserPage(server.url, jar));
    const answers = await Promise.all(tabs.map((tab) => tab.renew()));
    const winners = answers.filter(({ status }) => status === 200);
    const losers = answers.filter(({ status }) => status === 401);
    expect([winners.length, losers.length]).toEqual([1, 3]);
    expect(winners.flatMap(given)).toHaveLength(1);
    expect(losers.flatMap(given)).toEqual([]);
    expect((await tabs[0]!.renew()).status).toBe(200);
    expect((await tabs[1]!.logOut()).status).toBe(200);
    expect(jar.size).toBe(0);
  });
});

describe('with other settings', () => {
  serve({
    SIMPLE_JWT_REFRESH_COOKIE: 'true',
    SIMPLE_JWT_REFRESH_COOKIE_NAME: 'r',
    SIMPLE_JWT_REFRESH_COOKIE_SAME_SITE: 'lax',
    SIMPLE_JWT_REFRESH_COOKIE_SECURE: 'false',
    SIMPLE_JWT_REFRESH_COOKIE_DOMAIN: 'example.com',
    SIMPLE_JWT_REFRESH_COOKIE_PATHS: '/auth',
  });

  it('writes the cookie as they say', async () => {
    const answer = await new BrowserPage(server.url).obtain('alice', PASSWORD);
    expect(answer.headers.getSetCookie()).toEqual([
      expect.stringMatching(
        /^r=[\w.-]+; Max-Age=\d+; Domain=example.com; Path=\/auth; HttpOnly; SameSite=Lax$/,
      ),
    ]);
    const cookie = { cookie: `r=${given(answer)[0]}` };
    const page = new BrowserPage(server.url);
    expect((await page.post('/login/simpleJWT/refresh', {}, cookie)).status).toBe(200);
  });

  it('takes a page on plain HTTP for its own where the cookie need not be secure', async () => {
    const page = new BrowserPage(server.url, new CookieJar(), { origin: server.url });
    const answer = await page.obtain('alice', PASSWORD);
    expect(given(answer)).toHaveLength(1);
    expect(
      await page.post('/login/simpleJWT/refresh', {}, { cookie: `r=${given(answer)[0]}` }),
    ).toMatchObject({
      status: 200,
    });
  });
});
