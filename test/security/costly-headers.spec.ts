import { request } from 'node:http';
import { startTestServer, type TestServer } from '../support/server.js';

jest.setTimeout(60_000);

/** Nearly all that Node lets a request line and its headers have, bytes. */
const SIZE = 15_000;
/** How many times as long as a plain header a hostile one may take. */
const WORST = 8;

const filled = (start: string, unit: string, end = '') =>
  start + unit.repeat((SIZE - start.length - end.length) / unit.length) + end;
const titled = (rows: [name: string, value: string][]) =>
  rows.map(([name, value]) => [name, value.slice(0, 40), value] as const);

describe('a header or a path made to be costly', () => {
  let server: TestServer;
  let plain: number;

  beforeAll(async () => {
    server = await startTestServer({
      env: {
        AUTHENTICATION_CLASSES:
          'JWTAuthentication,BasicAuthentication,TokenAuthentication,SessionAuthentication',
        TRUSTED_PROXIES: '127.0.0.0/8',
        SIMPLE_JWT_REFRESH_COOKIE: 'true',
      },
    });
    plain = await cost('GET', '/users/me', { 'x-plain': filled('', 'a') });
  });
  afterAll(() => server.stop());

  /** CPU time of a request in µs, the least of several. */
  async function cost(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
  ): Promise<number> {
    let least = Infinity;
    for (let round = 0; round < 15; round += 1) {
      const start = process.cpuUsage();
      await sent(method, path, headers);
      const { user, system } = process.cpuUsage(start);
      least = Math.min(least, user + system);
    }
    return least;
  }

  /** Not by fetch, which refuses such headers. */
  function sent(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const sending = request(server.url + path, { method, headers }, (answer) => {
        answer.resume().on('end', resolve);
      });
      sending.on('error', reject).end();
    });
  }

  it.each(
    titled([
      ['authorization', filled('Basic ', '=', 'A')],
      // Such as can be decoded cost a password hash, like every log-in.
      ['authorization', filled('Basic ', '!', 'A')],
      ['authorization', filled('Basic', ' ', 'x')],
      ['authorization', filled('Bearer ', '.')],
      ['authorization', filled('Bearer eyJhbGciOiJIUzI1NiJ9.', 'e30', '.x')],
      ['authorization', filled('', 'Bearer ')],
      ['accept', filled('text/html', ',')],
      ['accept', filled('text/html', ' ;', ',x')],
      ['cookie', filled('', ';')],
      ['cookie', filled('', 'sessionid=;')],
      ['cookie', filled('sessionid=', '"')],
      ['x-forwarded-for', filled('', ',')],
      ['x-forwarded-for', filled('', '127.0.0.1,')],
      ['x-forwarded-for', filled('[::1', '%')],
      ['forwarded', filled('', 'for=127.0.0.1,')],
      ['forwarded', filled('for="', '\\"')],
      ['user-agent', filled('', 'Mozilla/5.0 (')],
      ['user-agent', filled('', '9.')],
    ]),
  )(
    'costs about what a plain one costs in a guarded view: %s: %s…',
    async (name, _start, value) => {
      expect((await cost('GET', '/users/me', { [name]: value })) / plain).toBeLessThan(WORST);
    },
  );

  it.each(
    titled([
      ['content-type', filled('application/json', ';')],
      ['content-type', filled('application/json;', ' ')],
      ['content-type', filled('application/json', ';a="')],
      ['content-type', filled('application/json;a="', '\\')],
      ['content-type', filled('application/json;', 'a')],
      ['content-type', filled('application/json;charset=', 'a-')],
      ['content-type', filled('multipart/form-data;boundary="', ' ')],
      ['origin', filled('https://', '\u00fc')],
      ['origin', filled('https://', 'xn--')],
      ['host', filled('', 'a.')],
      ['cookie', filled('', '__Secure-refresh=x;')],
      ['cookie', filled('__Secure-refresh=', '.')],
    ]),
  )('costs about what a plain one costs in a token view: %s: %s…', async (name, _start, value) => {
    const headers = { 'content-type': 'application/json', [name]: value };
    expect((await cost('POST', '/login/simpleJWT/refresh', headers)) / plain).toBeLessThan(WORST);
  });

  it.each(
    titled(
      [
        filled('/users/me?', 'format=json&'),
        filled('/users/me?', '&'),
        filled('/users/me?', '%'),
        filled('/users/me?', '[a]'),
        filled('/users/me', '/'),
        filled('/sessions/', '%41'),
        filled('/sessions', '/a'),
        filled('/', '%'),
      ].map((path) => ['GET', path]),
    ),
  )('costs about what a plain one costs: %s %s…', async (_method, _start, path) => {
    expect((await cost('GET', path, {})) / plain).toBeLessThan(WORST);
  });
});
