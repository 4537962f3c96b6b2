import { gzipSync } from 'node:zlib';
import { sendRaw } from '../support/raw-http.js';
import { startTestServer, type TestServer } from '../support/server.js';

const MEBIBYTE = 1_048_576;

describe('a large or deep body', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer();
    await server.createUser({ username: 'alice', password: 'secret' });
  });

  afterAll(() => server.stop());

  it('is taken up to 100 kB, even as a password, and costs little to refuse', async () => {
    const start = performance.now();
    expect((await server.client.obtain('alice', 'secret'.repeat(16_000))).status).toBe(401);
    expect((await server.client.obtain('a'.repeat(100_000), 'secret')).status).toBe(401);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it('is refused beyond the limit, whether its length was announced or not', async () => {
    const announced = await server.client.obtain('alice', 's'.repeat(MEBIBYTE));
    expect(announced.status).toBe(413);
    const chunk = `${(65_536).toString(16)}\r\n${' '.repeat(65_536)}\r\n`;
    const chunked = await sendRaw(
      server.url,
      'POST /login/simpleJWT HTTP/1.1\r\nHost: x\r\nConnection: close\r\n' +
        `Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(17)}0\r\n\r\n`,
    );
    expect(chunked.status).toBe(413);
    await server.client.login('alice', 'secret');
  });

  it('is not inflated', async () => {
    const bomb = gzipSync(Buffer.alloc(50 * MEBIBYTE, ' '));
    const answer = await server.client.post('/login/simpleJWT', bomb, {
      'content-encoding': 'gzip',
    });
    expect([400, 413, 415]).toContain(answer.status);
  });

  it.each([
    ['arrays', '['.repeat(65_000) + ']'.repeat(65_000)],
    ['objects', '{"a":'.repeat(21_000) + '1' + '}'.repeat(21_000)],
    ['arrays in a field', `{"username":${'['.repeat(65_000)}${']'.repeat(65_000)},"password":"x"}`],
    ['arrays that never end', '['.repeat(131_072)],
  ])('is 400 when it nests %s', async (_what, body) => {
    expect((await server.client.post('/login/simpleJWT', body)).status).toBe(400);
    expect((await server.client.post('/login/simpleJWT/verify', body)).status).toBe(400);
  });

  it('of very many fields or parts is answered in no time', async () => {
    const start = performance.now();
    const fields = 'x=1&'.repeat(32_000);
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await server.client.post('/login/simpleJWT', fields, form)).status).toBe(400);
    const part = '--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n';
    const parts = `${part.repeat(2500)}--b--\r\n`;
    const multipart = { 'content-type': 'multipart/form-data; boundary=b' };
    expect((await server.client.post('/login/simpleJWT', parts, multipart)).status).toBe(400);
    const keys = `{${Array.from({ length: 11_000 }, (_, index) => `"k${index}":1`).join(',')}}`;
    expect((await server.client.post('/login/simpleJWT', keys)).status).toBe(400);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it('as a token is refused without much work', async () => {
    const token = `eyJ.${'a'.repeat(130_000)}.x`;
    const start = performance.now();
    expect((await server.client.verify(token)).status).toBe(401);
    expect((await server.client.verify('.'.repeat(130_000))).status).toBe(401);
    expect(performance.now() - start).toBeLessThan(2000);
  });
});
