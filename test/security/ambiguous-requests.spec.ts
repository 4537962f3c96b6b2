import { requestHead, sendRaw } from '../support/raw-http.js';
import { startTestServer, type TestServer } from '../support/server.js';

describe('a request that two readers could read in two ways', () => {
  let server: TestServer;
  let access: string;

  beforeAll(async () => {
    server = await startTestServer();
    await server.createUser({ username: 'alice', password: 'secret' });
    ({ access } = await server.client.login('alice', 'secret'));
  });

  afterAll(() => server.stop());

  it('would be good with one authorization header', async () => {
    const head = requestHead('GET /users/me', `Authorization: Bearer ${access}`);
    expect((await sendRaw(server.url, head)).status).toBe(200);
  });

  it('is refused with two authorization headers, in either order', async () => {
    const good = `Authorization: Bearer ${access}`;
    for (const other of ['Authorization: Bearer x', 'authorization: Basic eDp5', good]) {
      for (const headers of [
        [good, other],
        [other, good],
      ]) {
        const { status } = await sendRaw(server.url, requestHead('GET /users/me', ...headers));
        expect([400, 401]).toContain(status);
      }
    }
  });

  it('is refused with a length and a transfer encoding', async () => {
    const smuggled = 'GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n';
    for (const encoding of ['chunked', 'Chunked', 'chunked, identity', 'xchunked', ' chunked']) {
      const head = requestHead(
        'POST /login/simpleJWT/verify',
        'Content-Type: application/json',
        'Content-Length: 5',
        `Transfer-Encoding: ${encoding}`,
      );
      const { status, count } = await sendRaw(server.url, `${head}0\r\n\r\n${smuggled}`);
      expect({ encoding, status, count }).toEqual({ encoding, status: 400, count: 1 });
    }
  });

  it.each([
    ['two lengths', ['Content-Length: 2', 'Content-Length: 3']],
    ['a length with a sign', ['Content-Length: +2']],
    ['a negative length', ['Content-Length: -1']],
    ['a length that is no number', ['Content-Length: 2x']],
    ['a space before the colon', ['Content-Length : 2']],
    ['a folded header', ['X-Folded: a', ' b']],
  ])('is refused with %s', async (_name, headers) => {
    const head = requestHead('POST /login/simpleJWT/verify', ...headers);
    expect(await sendRaw(server.url, `${head}{}`)).toMatchObject({ status: 400, count: 1 });
  });

  it('is refused when it has no host or an odd method', async () => {
    expect((await sendRaw(server.url, 'GET /health/live HTTP/1.1\r\n\r\n')).status).toBe(400);
    expect((await sendRaw(server.url, requestHead('G@T /health/live'))).status).toBe(400);
    const trace = await sendRaw(server.url, requestHead('TRACE /users/me', 'X-Secret: 4711'));
    expect(trace.status).toBeGreaterThanOrEqual(400);
    expect(trace.text).not.toContain('4711');
    const post = requestHead('POST /users/me', 'X-HTTP-Method-Override: GET', 'Content-Length: 0');
    expect((await sendRaw(server.url, post)).status).toBe(401);
  });

  it('is refused with its token in the query, a cookie or the body', async () => {
    const cookie = { cookie: `access=${access}; Authorization=Bearer ${access}; jwt=${access}` };
    for (const answer of [
      await server.client.get(
        `/users/me?access=${access}&token=${access}&Authorization=Bearer+${access}`,
      ),
      await server.client.get('/users/me', cookie),
      await server.client.send('POST', '/users/me', { access, token: access }),
    ]) {
      expect(answer).toMatchObject({
        status: 401,
        body: { detail: 'Authentication credentials were not provided.' },
      });
    }
  });
});
