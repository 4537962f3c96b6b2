import { createHmac } from 'node:crypto';
import { startTestServer, type TestServer } from '../support/server.js';
import { HEADER, SIGNING_KEY, accessClaims, encodePart, forge } from '../support/tokens.js';

const hmac = (input: string): string =>
  createHmac('sha256', SIGNING_KEY).update(input).digest('base64url');

describe('a token in a form that is not understood', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer();
    await server.createUser({ username: 'alice', password: 'secret' });
  });

  afterAll(() => server.stop());

  async function expectRefused(token: unknown): Promise<void> {
    const answer = await server.client.post('/login/simpleJWT/verify', { token });
    expect(answer).toMatchObject({
      status: 401,
      body: { detail: 'Token is invalid', code: 'token_not_valid' },
    });
    expect((await server.client.post('/login/simpleJWT/refresh', { refresh: token })).status).toBe(
      401,
    );
  }

  it.each([
    { crit: ['exp'] },
    { crit: [] },
    { crit: 'exp' },
    { crit: null },
    { crit: ['b64'], b64: true },
    { b64: true },
    { b64: false },
    { crit: ['http://example.com/UNDEFINED'], 'http://example.com/UNDEFINED': true },
  ])('is refused with the header members %j (RFC 7515 §4.1.11, RFC 7797)', async (members) => {
    await expectRefused(forge({ ...HEADER, ...members }, accessClaims('1')));
  });

  it('is refused with an unencoded payload (RFC 7797)', async () => {
    const header = encodePart({ ...HEADER, b64: false, crit: ['b64'] });
    const input = `${header}.${JSON.stringify(accessClaims('1'))}`;
    await expectRefused(`${input}.${hmac(input)}`);
  });

  it('is refused as JWE', async () => {
    const header = encodePart({ alg: 'dir', enc: 'A256GCM' });
    await expectRefused(
      `${header}..${encodePart('iv')}.${encodePart('text')}.${encodePart('tag')}`,
    );
    const zipped = encodePart({ alg: 'dir', enc: 'A256GCM', zip: 'DEF' });
    await expectRefused(`${zipped}.a.b.c.d`);
  });

  it('is refused as a token inside a token', async () => {
    const inner = forge(HEADER, accessClaims('1'));
    const nested = `${encodePart({ ...HEADER, cty: 'JWT' })}.${encodePart(inner)}`;
    await expectRefused(`${nested}.${hmac(nested)}`);
  });

  it('is refused in the JSON serialisations (RFC 7515 §7.2)', async () => {
    const [header = '', payload = '', signature = ''] = forge(HEADER, accessClaims('1')).split('.');
    for (const form of [
      { protected: header, payload, signature },
      { payload, signatures: [{ protected: header, signature }] },
    ]) {
      await expectRefused(JSON.stringify(form));
    }
    // As an object it is no text at all.
    const object = { token: { protected: header, payload, signature } };
    expect(await server.client.post('/login/simpleJWT/verify', object)).toMatchObject({
      status: 400,
      body: { token: ['Not a valid string.'] },
    });
  });

  it.each(['[]', '"text"', '1', 'null', 'true', '', '{', '{"a":1}{"b":2}', '\ufeff{}'])(
    'is refused with the signed payload %j',
    async (payload) => {
      const input = `${encodePart(HEADER)}.${encodePart(payload)}`;
      await expectRefused(`${input}.${hmac(input)}`);
    },
  );

  it('is refused with a payload or header that is not UTF-8', async () => {
    const broken = Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d]);
    const payload = `${encodePart(HEADER)}.${encodePart(broken)}`;
    await expectRefused(`${payload}.${hmac(payload)}`);
    const header = `${encodePart(broken)}.${encodePart(accessClaims('1'))}`;
    await expectRefused(`${header}.${hmac(header)}`);
  });
});
