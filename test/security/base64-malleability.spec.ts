import { startTestServer, type TestServer } from '../support/server.js';

const join = (...parts: string[]): string => parts.join('.');

/** Other texts that a lenient decoder reads as the same bytes. */
function spellings(token: string): string[] {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  // 32 bytes leave two bits of the last character without meaning.
  const last = alphabet.indexOf(signature.at(-1) ?? '');
  const other = alphabet[last ^ 1] ?? '';
  return [
    join(header, payload, signature.slice(0, -1) + other),
    join(header, payload, `${signature}=`),
    join(header, payload, `${signature}==`),
    join(`${header}=`, payload, signature),
    join(header, `${payload}=`, signature),
    join(header, payload, `${signature} x`),
    join(header, payload, `${signature}\u00a0x`),
    join(header, payload, `${signature.slice(0, 5)} ${signature.slice(5)}`),
    join(header, payload, `${signature.slice(0, 5)}\n${signature.slice(5)}`),
    join(header, payload, `${signature.slice(0, 5)}!${signature.slice(5)}`),
    join(header, payload, signature.replaceAll('-', '+').replaceAll('_', '/').concat('=')),
    join(header, payload, signature, ''),
    join('', header, payload, signature),
    `${token}.`,
    `.${token}`,
  ];
}

describe('another spelling of a token', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer();
    await server.createUser({ username: 'alice', password: 'secret' });
  });

  afterAll(() => server.stop());

  it('is refused everywhere', async () => {
    const { access, refresh } = await server.client.login('alice', 'secret');
    for (const spelling of spellings(access)) {
      expect({ spelling, answer: await server.client.verify(spelling) }).toMatchObject({
        answer: { status: 401, body: { detail: 'Token is invalid' } },
      });
    }
    for (const spelling of spellings(refresh)) {
      expect((await server.client.refresh(spelling)).status).toBe(401);
    }
    expect((await server.client.verify(access)).status).toBe(200);
    expect((await server.client.refresh(refresh)).status).toBe(200);
  });

  it('does not bring a blacklisted token back to life', async () => {
    const { refresh } = await server.client.login('alice', 'secret');
    await server.client.blacklist(refresh);
    for (const spelling of [...spellings(refresh), ` ${refresh}\n`]) {
      expect((await server.client.refresh(spelling)).status).toBe(401);
      expect([400, 401]).toContain((await server.client.verify(spelling)).status);
    }
  });
});
