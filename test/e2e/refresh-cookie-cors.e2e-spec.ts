import { BrowserPage, CookieJar } from '../support/browser-page.js';
import { TestClient } from '../support/client.js';
import { createDatabase, truncateTables } from '../support/databases.js';
import { spawnServer, type SpawnedServer } from '../support/process.js';
import { SIGNING_KEY } from '../support/tokens.js';

jest.setTimeout(60_000);

const APP = 'https://app.example.com';
const EVIL = 'https://evil.example';
const VIEW = '/login/simpleJWT/refresh';

/** The headers by which a browser lets a page read an answer. */
const shown = (headers: Headers) =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-')));

describe('a server with ALLOWED_ORIGINS', () => {
  let server: SpawnedServer;
  let client: TestClient;
  let login: { username: string; password: string };

  beforeAll(async () => {
    const database = await createDatabase('cors', null);
    await truncateTables(database);
    server = await spawnServer({
      DATABASE_URL: database,
      SIMPLE_JWT_SIGNING_KEY: SIGNING_KEY,
      SIMPLE_JWT_REFRESH_COOKIE: 'true',
      ALLOWED_ORIGINS: `${APP},http://localhost:5173`,
    });
    client = new TestClient(server.url);
    const [, password = ''] = /"password": ?"([^"\\]+)"/.exec(server.output()) ?? [];
    login = { username: 'demo', password };
  });
  afterAll(() => server.stop());

  it('lets their pages read its answers, with cookies', async () => {
    const page = new BrowserPage(server.url, new CookieJar(), {
      'sec-fetch-site': 'same-site',
      origin: APP,
    });
    const answers = [
      await page.post('/login/simpleJWT', login),
      await page.renew(),
      await page.get('/users/me'),
      await page.get('/nowhere'),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 401, 404]);
    for (const { headers } of answers) {
      expect(shown(headers)).toEqual({
        'access-control-allow-origin': APP,
        'access-control-allow-credentials': 'true',
        'access-control-expose-headers': 'Link, Retry-After, WWW-Authenticate, X-Total-Count',
      });
      expect(headers.get('vary')).toContain('Origin');
    }
  });

  it('answers their preflights', async () => {
    for (const path of [VIEW, '/users/me']) {
      const { status, text, headers } = await client.send('OPTIONS', path, undefined, {
        origin: 'http://localhost:5173',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      });
      expect({ status, text }).toEqual({ status: 204, text: '' });
      expect(shown(headers)).toMatchObject({
        'access-control-allow-origin': 'http://localhost:5173',
        'access-control-allow-headers': 'authorization, content-type',
        'access-control-allow-methods': expect.stringContaining('POST'),
      });
    }
  });

  it('shows nothing to the pages of others', async () => {
    for (const origin of [EVIL, 'null', `${APP}.evil.example`, APP.toUpperCase()]) {
      for (const [method, headers] of [
        ['GET', {}],
        ['OPTIONS', { 'access-control-request-method': 'POST' }],
      ] as const) {
        const answer = await client.send(method, VIEW, undefined, { origin, ...headers });
        expect(shown(answer.headers)).toEqual({});
        expect(answer.headers.get('vary')).toContain('Origin');
      }
    }
  });

  it('describes its views to whoever asks without a preflight', async () => {
    const answer = await client.send('OPTIONS', VIEW, undefined, { origin: APP });
    expect(answer).toMatchObject({ status: 200, body: { name: 'Token Refresh' } });
  });
});
