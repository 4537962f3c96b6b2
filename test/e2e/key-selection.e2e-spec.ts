import { createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { DataSource } from 'typeorm';
import { sessionAuthHash, writeSession } from '../../src/authentication/domain/django-session.js';
import { RotateKeysTask } from '../../src/keys/rotate-keys.task.js';
import { query, truncateTables } from '../support/databases.js';
import { KEY_ENCRYPTION_KEY, headerOf, openKeys, type TestKeys } from '../support/key-ring.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { HEADER, SIGNING_KEY, accessClaims, encodePart, forge } from '../support/tokens.js';
import { within } from '../support/within.js';

jest.setTimeout(60_000);

/** Its user, if any, has this id. */
const CLAIMS = accessClaims('1');

function pem(options: { curve: string } | { bits: number }): { private: string; public: string } {
  const { privateKey, publicKey } =
    'curve' in options
      ? generateKeyPairSync('ec', { namedCurve: options.curve })
      : generateKeyPairSync('rsa', { modulusLength: options.bits });
  return {
    private: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    public: publicKey.export({ type: 'spki', format: 'pem' }) as string,
  };
}

function signed(header: object, privateKey: string, dsaEncoding?: 'ieee-p1363'): string {
  const input = `${encodePart(header)}.${encodePart(CLAIMS)}`;
  const signature = sign('sha256', Buffer.from(input), {
    key: privateKey,
    ...(dsaEncoding ? { dsaEncoding } : {}),
  });
  return `${input}.${signature.toString('base64url')}`;
}

describe('the key of a token', () => {
  let server: TestServer;
  let ring: TestKeys;
  let kid: string;
  let statements: string[];

  const verify = async (token: string): Promise<number> =>
    (await server.client.verify(token)).status;
  const publicPem = async (): Promise<string> => {
    const { body } = await server.client.get<{ keys: object[] }>('/.well-known/jwks.json');
    const key = createPublicKey({ key: { ...body.keys[0] }, format: 'jwk' });
    return key.export({ type: 'spki', format: 'pem' }) as string;
  };

  beforeAll(async () => {
    server = await startTestServer({ env: { KEY_ENCRYPTION_KEY } });
    ring = await openKeys(server.database);
    await ring.keys.generate('ES256');
    kid = await ring.rotate();
    await server.createUser({ username: 'alice', password: 'secret' });
    const database = server.app.get(DataSource);
    const ask = database.query.bind(database) as (...args: unknown[]) => Promise<unknown>;
    statements = [];
    Object.assign(database, {
      query: (statement: string, ...rest: unknown[]) => {
        statements.push(statement);
        return ask(statement, ...rest);
      },
    });
  });

  afterAll(async () => {
    await ring.close();
    await server.stop();
  });

  it('is the one that signs in the ring, and for a token that names none the configured one', async () => {
    const { access } = await within(
      1000,
      () => server.client.login('alice', 'secret'),
      (pair) => headerOf(pair.access).kid === kid,
    );
    expect(headerOf(access)).toEqual({ alg: 'ES256', typ: 'JWT', kid });
    expect(await verify(access)).toBe(200);
    expect(await verify(forge(HEADER, CLAIMS))).toBe(200);
  });

  it('has one algorithm: a token of another one is refused before any key is touched', async () => {
    const own = pem({ curve: 'P-256' });
    const rsa = pem({ bits: 2048 });
    const known = await publicPem();
    const confused = [
      // The public key, which everybody knows, as an HMAC secret.
      ...[known, known.trim()].map((key) => forge({ alg: 'HS256', kid }, CLAIMS, key)),
      forge({ alg: 'HS256', kid }, CLAIMS),
      signed({ alg: 'RS256', kid }, rsa.private),
      signed({ alg: 'ES384', kid }, own.private, 'ieee-p1363'),
      signed({ alg: 'ES256', kid }, own.private, 'ieee-p1363'),
      signed({ alg: 'ES256' }, own.private, 'ieee-p1363'),
      `${encodePart({ alg: 'none', kid })}.${encodePart(CLAIMS)}.AA`,
    ];
    for (const token of confused) expect(await verify(token)).toBe(401);
  });

  it('is not the key of another id', async () => {
    const other = (await ring.keys.generate('ES256')).kid;
    const { access } = await server.client.login('alice', 'secret');
    const [, claims, signature] = access.split('.');
    const swapped = `${encodePart({ alg: 'ES256', typ: 'JWT', kid: other })}.${claims}.${signature}`;
    expect(await verify(swapped)).toBe(401);
  });

  it.each([
    '../../../../dev/null',
    '/proc/self/environ',
    "' OR '1'='1",
    "'; DROP TABLE auth_signing_key; --",
    'file:///etc/passwd',
    'http://127.0.0.1:1/jwks.json',
    '__proto__',
    'constructor',
    '',
    'a'.repeat(60_000),
  ])('is not what a harmful id says, and nothing is asked because of it: %#', async (harmful) => {
    const own = pem({ curve: 'P-256' });
    statements.length = 0;
    for (const token of [
      signed({ alg: 'ES256', kid: harmful }, own.private, 'ieee-p1363'),
      forge({ ...HEADER, kid: harmful }, CLAIMS, ''),
      forge({ ...HEADER, kid: harmful }, CLAIMS, SIGNING_KEY),
    ]) {
      expect(await verify(token)).toBe(401);
    }
    expect(statements.filter((statement) => statement.includes('auth_signing_key'))).toEqual([]);
    expect(await ring.keys.list()).not.toEqual([]);
  });

  it('is looked for once a second at most, however many ids are invented', async () => {
    const own = pem({ curve: 'P-256' });
    statements.length = 0;
    const start = performance.now();
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => {
        const invented = randomBytes(32).toString('base64url');
        return verify(signed({ alg: 'ES256', kid: invented }, own.private, 'ieee-p1363'));
      }),
    );
    const seconds = (performance.now() - start) / 1000;
    expect(new Set(answers)).toEqual(new Set([401]));
    const reads = statements.filter((statement) => statement.includes('auth_signing_key'));
    expect(reads.length).toBeGreaterThan(0);
    expect(reads.length).toBeLessThanOrEqual(1 + seconds);
  });
});

describe('a schedule', () => {
  it('begins no ring; of one it lets the key sign when caches know it, and prepares the next in time', async () => {
    const server = await startTestServer({
      env: { KEY_ENCRYPTION_KEY, SIMPLE_JWT_KEY_ROTATION_INTERVAL: '30d' },
    });
    const ring = await openKeys(server.database);
    const task = server.app.get(RotateKeysTask, { strict: false });
    const states = async (): Promise<string[]> =>
      (await ring.keys.list()).map(({ state }) => state);
    const age = (column: string, by: string): Promise<unknown> =>
      query(server.database, `UPDATE auth_signing_key SET ${column} = ${column} - $1::interval`, [
        by,
      ]);
    await task.run();
    await age('created_at', '90 days');
    await task.run();
    // Servers of an older version may still run, and would refuse its tokens.
    expect(await states()).toEqual([]);
    await ring.keys.generate();
    await task.run();
    expect(await states()).toEqual(['next']);
    await age('created_at', '10 minutes');
    // Two nodes whose clocks strike at once.
    await Promise.all([task.run(), task.run()]);
    expect(await states()).toEqual(['signing']);
    await age('activated_at', '28 days');
    await task.run();
    expect(await states()).toEqual(['signing']);
    await age('activated_at', '1 day');
    await task.run();
    expect(await states()).toEqual(['signing', 'next']);
    await age('activated_at', '1 day');
    await age('created_at', '1 day');
    await task.run();
    expect(await states()).toEqual(['retired', 'signing']);
    await ring.keys.retire((await ring.keys.list())[1]!.kid, { successor: false });
    await task.run();
    expect(await states()).toEqual(['retired', 'retired']);
    await ring.close();
    await server.stop();
  });
});

describe('previous signing keys', () => {
  const old = 'a former secret of this server; 0123456789';
  const strange = 'a secret that was never one of this server';

  it('go on verifying what they signed, while new tokens are signed with the present one', async () => {
    const server = await startTestServer({
      env: { SIMPLE_JWT_PREVIOUS_SIGNING_KEYS: `a secret from before that one; 0123456789,${old}` },
    });
    await server.createUser({ username: 'alice', password: 'secret' });
    const { access } = await server.client.login('alice', 'secret');
    expect(headerOf(access)).toEqual(HEADER);
    const verified = await Promise.all(
      [SIGNING_KEY, old, 'a secret from before that one; 0123456789', strange].map(async (key) => [
        (await server.client.me(forge(HEADER, CLAIMS, key))).status,
        (await server.client.verify(forge(HEADER, CLAIMS, key))).status,
      ]),
    );
    expect(verified).toEqual([
      [200, 200],
      [200, 200],
      [200, 200],
      [401, 401],
    ]);
    const [, claims] = access.split('.');
    expect(forge(HEADER, JSON.parse(Buffer.from(claims!, 'base64url').toString()))).toBe(access);
    await server.stop();
  });

  it.each([
    ['open the sessions of Django that they signed', {}, 200],
    ['open no sessions beside SESSION_SECRET_KEY', { SESSION_SECRET_KEY: SIGNING_KEY }, 403],
  ])('%s', async (_title, env, expected) => {
    const server = await startTestServer({
      env: {
        AUTHENTICATION_CLASSES: 'SessionAuthentication,JWTAuthentication',
        SIMPLE_JWT_PREVIOUS_SIGNING_KEYS: old,
        ...env,
      },
    });
    await server.createUser({ username: 'alice', password: 'secret' });
    const [user] = await query<{ id: number; password: string }>(
      server.database,
      'SELECT id, password FROM auth_user',
    );
    const statusOf = async (secret: string, signedWith: string): Promise<number> => {
      const session = {
        userId: String(user!.id),
        authHash: sessionAuthHash(user!.password, secret),
      };
      const data = writeSession(session, signedWith, 1_700_000_000);
      await query(server.database, 'DELETE FROM django_session');
      await query(
        server.database,
        "INSERT INTO django_session VALUES ('a-session', $1, now() + interval '1 h')",
        [data],
      );
      return (await server.client.get('/users/me', { cookie: 'sessionid=a-session' })).status;
    };
    expect(await statusOf(SIGNING_KEY, SIGNING_KEY)).toBe(200);
    expect(await statusOf(old, old)).toBe(expected);
    expect(await statusOf(old, SIGNING_KEY)).toBe(expected);
    expect(await statusOf(strange, strange)).toBe(403);
    await truncateTables(server.database);
    await server.stop();
  });

  it('may be public keys, where the algorithm has some', async () => {
    const [present, former, foreign] = [1, 2, 3].map(() => pem({ curve: 'P-256' }));
    const server = await startTestServer({
      env: {
        SIMPLE_JWT_ALGORITHM: 'ES256',
        SIMPLE_JWT_SIGNING_KEY: present!.private,
        SIMPLE_JWT_PREVIOUS_SIGNING_KEYS: JSON.stringify([former!.public]),
      },
    });
    const statuses = [present, former, foreign].map(async (key) => {
      const token = signed({ alg: 'ES256' }, key!.private, 'ieee-p1363');
      return (await server.client.verify(token)).status;
    });
    expect(await Promise.all(statuses)).toEqual([200, 200, 401]);
    await truncateTables(server.database);
    await server.stop();
  });
});
