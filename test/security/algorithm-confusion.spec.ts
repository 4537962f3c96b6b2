import { generateKeyPairSync, sign } from 'node:crypto';
import { startTestServer, type TestServer } from '../support/server.js';
import { HEADER, SIGNING_KEY, accessClaims, encodePart, forge } from '../support/tokens.js';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const PUBLIC = publicKey.export({ type: 'spki', format: 'pem' }) as string;

/** Everything that may stand in `alg` in place of the configured HS256. */
const OTHER_ALGORITHMS = [
  'none',
  'None',
  'NONE',
  'nOnE',
  '',
  ' HS256',
  'HS256 ',
  'hs256',
  'HS256\u0000',
  'HS384',
  'HS512',
  'RS256',
  'ES256',
  'PS256',
  'EdDSA',
  '__proto__',
  'constructor',
  'toString',
  ['HS256'],
  { toString: 'HS256' },
  256,
  true,
  null,
  undefined,
];

async function expectRefused(server: TestServer, token: string): Promise<void> {
  expect(await server.client.verify(token)).toMatchObject({
    status: 401,
    body: { detail: 'Token is invalid', code: 'token_not_valid' },
  });
  expect((await server.client.me(token)).status).toBe(401);
  expect((await server.client.refresh(token)).status).toBe(401);
}

describe('a token that names another algorithm', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer();
    await server.createUser({ username: 'alice', password: 'secret' });
  });

  afterAll(() => server.stop());

  it('would be accepted if only its algorithm were right', async () => {
    const token = forge(HEADER, accessClaims('1'));
    expect((await server.client.verify(token)).status).toBe(200);
    expect((await server.client.me(token)).status).toBe(200);
  });

  it.each(OTHER_ALGORITHMS)('is refused: %p', async (alg) => {
    const header = { ...HEADER, alg };
    const input = `${encodePart(header)}.${encodePart(accessClaims('1'))}`;
    await expectRefused(server, forge(header, accessClaims('1')));
    await expectRefused(server, `${input}.`);
    await expectRefused(server, input);
  });

  it('is refused with the signature of that algorithm', async () => {
    for (const [alg, hash] of [
      ['HS384', 'sha384'],
      ['HS512', 'sha512'],
    ] as const) {
      const header = { ...HEADER, alg };
      await expectRefused(server, forge(header, accessClaims('1'), SIGNING_KEY, hash));
      // The configured name over a signature of the other size.
      await expectRefused(server, forge(HEADER, accessClaims('1'), SIGNING_KEY, hash));
    }
  });

  it('is refused with an empty key', async () => {
    await expectRefused(server, forge(HEADER, accessClaims('1'), ''));
  });
});

describe('with RS256 configured, a token', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer({
      env: {
        SIMPLE_JWT_ALGORITHM: 'RS256',
        SIMPLE_JWT_SIGNING_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
      },
    });
    await server.createUser({ username: 'alice', password: 'secret' });
  });

  afterAll(() => server.stop());

  it('is accepted with the signature of the private key', async () => {
    const input = `${encodePart({ ...HEADER, alg: 'RS256' })}.${encodePart(accessClaims('1'))}`;
    const signature = sign('sha256', Buffer.from(input), privateKey).toString('base64url');
    expect((await server.client.me(`${input}.${signature}`)).status).toBe(200);
  });

  it('is refused when the public key was used as an HMAC secret, in any spelling', async () => {
    const der = publicKey.export({ type: 'spki', format: 'der' });
    for (const key of [PUBLIC, PUBLIC.trim(), ` ${PUBLIC}`, PUBLIC.replaceAll('\n', '\r\n'), der]) {
      for (const alg of ['HS256', 'RS256']) {
        await expectRefused(server, forge({ ...HEADER, alg }, accessClaims('1'), key));
      }
    }
  });

  it('is refused with the padding of PS256', async () => {
    const input = `${encodePart({ ...HEADER, alg: 'RS256' })}.${encodePart(accessClaims('1'))}`;
    const key = { key: privateKey, padding: 6 };
    const signature = sign('sha256', Buffer.from(input), key).toString('base64url');
    await expectRefused(server, `${input}.${signature}`);
  });
});
