import { generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startTestServer, type TestServer } from '../support/server.js';
import { HEADER, accessClaims, encodePart, forge } from '../support/tokens.js';

const attacker = generateKeyPairSync('rsa', { modulusLength: 2048 });
const trusted = generateKeyPairSync('rsa', { modulusLength: 2048 });
const jwk = { ...attacker.publicKey.export({ format: 'jwk' }), kid: 'attacker', use: 'sig' };

/** A token that the attacker signed, with a header that says where to find the attacker's key. */
function signedByAttacker(header: object): string {
  const input = `${encodePart({ alg: 'RS256', typ: 'JWT', ...header })}.${encodePart(accessClaims('1'))}`;
  const signature = sign('sha256', Buffer.from(input), attacker.privateKey);
  return `${input}.${signature.toString('base64url')}`;
}

/** A web server that offers a key set and counts who asks for it. */
class KeySetServer {
  readonly requests: string[] = [];

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(keys: unknown[]): Promise<KeySetServer> {
    const server = createServer();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const started = new KeySetServer(server, `http://127.0.0.1:${port}/`);
    server.on('request', (request, response) => {
      started.requests.push(request.url ?? '');
      response.end(JSON.stringify({ keys }));
    });
    return started;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

describe('a key that the token itself brings', () => {
  let server: TestServer;
  let bait: KeySetServer;

  beforeAll(async () => {
    bait = await KeySetServer.start([jwk]);
    server = await startTestServer({
      env: {
        SIMPLE_JWT_ALGORITHM: 'RS256',
        SIMPLE_JWT_SIGNING_KEY: trusted.privateKey.export({
          type: 'pkcs8',
          format: 'pem',
        }) as string,
      },
    });
    await server.createUser({ username: 'alice', password: 'secret' });
  });

  afterAll(async () => {
    await server.stop();
    await bait.stop();
  });

  it.each([
    ['jwk', () => ({ jwk })],
    ['jku', () => ({ jku: bait.url, kid: 'attacker' })],
    ['x5u', () => ({ x5u: bait.url })],
    [
      'x5c',
      () => ({
        x5c: [attacker.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')],
      }),
    ],
    ['kid as an address', () => ({ kid: bait.url })],
    ['kid as a path', () => ({ kid: '../../../../dev/null' })],
    ['kid as SQL', () => ({ kid: "' UNION SELECT 'key' --" })],
    ['kid as a member of every object', () => ({ kid: '__proto__' })],
  ])('is not trusted, and nothing is fetched: %s', async (_name, header) => {
    const token = signedByAttacker(header());
    expect(await server.client.verify(token)).toMatchObject({
      status: 401,
      body: { detail: 'Token is invalid', code: 'token_not_valid' },
    });
    expect((await server.client.me(token)).status).toBe(401);
    expect(bait.requests).toEqual([]);
  });
});

describe('with JWK_URL, a key id', () => {
  let server: TestServer;
  let keySet: KeySetServer;

  beforeAll(async () => {
    keySet = await KeySetServer.start([
      { ...trusted.publicKey.export({ format: 'jwk' }), kid: 'trusted', use: 'sig' },
    ]);
    server = await startTestServer({
      env: {
        SIMPLE_JWT_ALGORITHM: 'RS256',
        SIMPLE_JWT_JWK_URL: keySet.url,
        SIMPLE_JWT_SIGNING_KEY: trusted.privateKey.export({
          type: 'pkcs8',
          format: 'pem',
        }) as string,
      },
    });
  });

  afterAll(async () => {
    await server.stop();
    await keySet.stop();
  });

  it('of the set opens only for its own key', async () => {
    expect((await server.client.verify(signedByAttacker({ kid: 'trusted' }))).status).toBe(401);
    const input = `${encodePart({ alg: 'RS256', kid: 'trusted' })}.${encodePart(accessClaims('1'))}`;
    const signature = sign('sha256', Buffer.from(input), trusted.privateKey);
    const good = `${input}.${signature.toString('base64url')}`;
    expect((await server.client.verify(good)).status).toBe(200);
  });

  it('that is invented makes no storm of fetches', async () => {
    const before = keySet.requests.length;
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        server.client.verify(signedByAttacker({ kid: `invented-${index}` })),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
    expect(keySet.requests.length - before).toBeLessThanOrEqual(1);
  });
});

describe('with an HMAC secret, a key id', () => {
  it('changes nothing: neither a path nor an empty file becomes the secret', async () => {
    const server = await startTestServer();
    for (const kid of ['/dev/null', '', "' OR 1=1 --", 'constructor']) {
      const forged = forge({ ...HEADER, kid }, accessClaims('1'), '');
      expect((await server.client.verify(forged)).status).toBe(401);
      const good = forge({ ...HEADER, kid }, accessClaims('1'));
      expect((await server.client.verify(good)).status).toBe(200);
    }
    await server.stop();
  });
});
