import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { readEnvironment } from '../../src/config/environment.js';
import { createDatabase, query, truncateTables } from '../support/databases.js';
import { runToEnd, spawnServer } from '../support/process.js';
import { workerDatabase } from '../support/server.js';
import { temporaryFolder } from '../support/test-postgres.js';
import { SIGNING_KEY } from '../support/tokens.js';

jest.setTimeout(60_000);

const SECRET = 'do-not-print-me-0123456789-0123456789-0123456789';

/** Starts the server, which must refuse with this name in its reason, a remedy, and no stack. */
async function expectRefusal(
  env: Record<string, string>,
  ...mentioned: (string | RegExp)[]
): Promise<string> {
  const { code, output } = await runToEnd({
    SIMPLE_JWT_PROFILE: 'parity',
    SIMPLE_JWT_SIGNING_KEY: SIGNING_KEY,
    ...env,
  });
  expect(output).toContain('The server cannot start.');
  for (const words of mentioned) expect(output).toMatch(words);
  expect(output).not.toMatch(/^\s+at /m);
  expect(output).not.toContain(env['SIMPLE_JWT_SIGNING_KEY']?.trim() || SIGNING_KEY);
  expect(code).toBe(1);
  return output;
}

function ecKey(): { private: string; public: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    private: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    public: publicKey.export({ type: 'spki', format: 'pem' }) as string,
  };
}

describe('the server refuses to start', () => {
  let database: string;
  let folder: string;

  beforeAll(async () => {
    database = await workerDatabase();
    await truncateTables(database);
    folder = temporaryFolder();
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  describe('on the database of a Django project whose users it would not find', () => {
    const USERS = '(id serial PRIMARY KEY, password varchar(128), last_login timestamptz)';

    it.each([
      ['in a table of their own', 'public', 'accounts_user', 'own-user-entity'],
      ['in another schema', 'django', 'auth_user', 'SET search_path = django'],
    ])('%s', async (_where, schema, table, remedy) => {
      const url = await createDatabase(`django_${schema}`, null);
      await query(url, `CREATE SCHEMA IF NOT EXISTS ${schema}`);
      await query(url, `CREATE TABLE ${schema}.django_migrations (id serial)`);
      await query(url, `CREATE TABLE ${schema}.${table} ${USERS}`);
      await expectRefusal({ DATABASE_URL: url }, 'DATABASE_URL', `${schema}.${table}`, remedy);
      const made =
        "SELECT count(*)::int AS made FROM pg_tables WHERE tablename ~ 'blacklist|session'";
      expect(await query(url, made)).toEqual([{ made: 0 }]);
    });
  });

  it('on a port that is in use, and names PORT', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    await expectRefusal({ DATABASE_URL: database, PORT: String(port) }, 'PORT', 'in use');
    other.close();
  });

  it('on an address that is not of this machine, and names HOST', async () => {
    await expectRefusal({ DATABASE_URL: database, HOST: '192.0.2.1' }, 'HOST', '192.0.2.1');
  });

  it('within 15 s when nobody answers at DATABASE_URL, without showing the password', async () => {
    // Accepts connections and says nothing: worse than a port where nobody listens.
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port: free } = closed.address() as AddressInfo;
    closed.close();
    for (const where of [`127.0.0.1:${free}`, `127.0.0.1:${port}`, 'no-such-host.invalid']) {
      const { code, output, milliseconds } = await runToEnd({
        SIMPLE_JWT_SIGNING_KEY: SIGNING_KEY,
        DATABASE_URL: `postgres://user:${SECRET}@${where}/name`,
      });
      expect(output).toContain('DATABASE_URL');
      expect(output).not.toContain(SECRET);
      expect(code).toBe(1);
      expect(milliseconds).toBeLessThan(15_000);
    }
    silent.close();
  });

  it('with a wrong password or an unknown database in DATABASE_URL', async () => {
    const wrong = new URL(database);
    wrong.password = SECRET;
    const output = await expectRefusal({ DATABASE_URL: wrong.href }, 'DATABASE_URL');
    expect(output).not.toContain(SECRET);
    const missing = new URL(database);
    missing.pathname = '/no_such_database';
    const { password } = missing;
    expect(await expectRefusal({ DATABASE_URL: missing.href }, 'DATABASE_URL')).not.toContain(
      password,
    );
  });

  it('with wrong settings, all of which it names at once with an example', async () => {
    const wrong = {
      PORT: 'http',
      DATABASE_URL: 'mysql://user:do-not-print-me@host/name',
      DATABASE_POOL_SIZE: '0',
      AUTHENTICATION_CLASSES: 'JWTAuthentification',
      TOKEN_REFRESH_PATHS: 'no-slash',
      SIMPLE_JWT_PROFILE: 'paranoid',
      SIMPLE_JWT_ALGORITHM: 'HS1024',
      SIMPLE_JWT_LEEWAY: 'a little',
      SIMPLE_JWT_ACCESS_TOKEN_LIFETIME: 'soon',
      SIMPLE_JWT_REFRESH_TOKEN_LIFETIME: '-1d',
      SIMPLE_JWT_ROTATE_REFRESH_TOKENS: 'perhaps',
      SIMPLE_JWT_AUTH_HEADER_NAME: 'Authorization',
      SIMPLE_JWT_AUTH_TOKEN_CLASSES: 'AccesToken',
      SIMPLE_JWT_USER_ID_CLAIM: 'exp',
      SIMPLE_JWT_SECRET_KEY: 'do-not-print-me',
      SIMPLE_JWT_TOKEN_OBTAIN_SERIALIZER: 'my.Serializer',
      SIMPLE_JWT_ROTATE_REFRESH_TOKEN: 'true',
    };
    const output = await expectRefusal(wrong, ...Object.keys(wrong), 'Example: ');
    expect(output).not.toContain('do-not-print-me');
  });

  it.each([
    ['PORT', '70000'],
    ['PORT', '-1'],
    ['SIMPLE_JWT_ALGORITHM', 'none'],
    ['SIMPLE_JWT_ALGORITHM', 'hs256'],
    ['SIMPLE_JWT_ACCESS_TOKEN_LIFETIME', '0'],
    ['SIMPLE_JWT_ACCESS_TOKEN_LIFETIME', '2d'],
    ['SIMPLE_JWT_ROTATION_GRACE_PERIOD', '60s'],
    ['SIMPLE_JWT_CHECK_SESSION', 'true'],
    ['SIMPLE_JWT_ROTATION_RECOVERY', 'true'],
    ['SIMPLE_JWT_JTI_CLAIM', 'token_type'],
  ])('with %s set to %s', (variable, value) => {
    const env = { SIMPLE_JWT_PROFILE: 'parity', SIMPLE_JWT_SIGNING_KEY: SIGNING_KEY };
    expect(() => readEnvironment(env)).not.toThrow();
    expect(() => readEnvironment({ ...env, [variable]: value })).toThrow(variable);
  });

  it('with a missing, unreadable or senseless USERS_FIXTURE, of which it shows nothing', async () => {
    const file = join(folder, 'users.json');
    await expectRefusal({ DATABASE_URL: database, USERS_FIXTURE: file }, 'USERS_FIXTURE', file);
    for (const content of [`[{"password": "${SECRET}"`, `{"password": "${SECRET}"}`]) {
      writeFileSync(file, content);
      const env = { DATABASE_URL: database, USERS_FIXTURE: file };
      expect(await expectRefusal(env, 'USERS_FIXTURE')).not.toContain(SECRET);
    }
  });

  it('in production without a signing key or without DATABASE_URL', async () => {
    const { code, output } = await runToEnd({ NODE_ENV: 'production' });
    expect(output).toContain('SIMPLE_JWT_SIGNING_KEY must be set');
    expect(output).toContain('DATABASE_URL must be set');
    expect(code).toBe(1);
  });

  it.each([
    ['an empty', ''],
    ['a weak', 'do-not-print-me-31-bytes-long!!'],
  ])('with %s signing key', async (_kind, key) => {
    const { code, output } = await runToEnd({
      DATABASE_URL: database,
      SIMPLE_JWT_SIGNING_KEY: key,
    });
    expect(output).toContain('SIMPLE_JWT_SIGNING_KEY');
    expect(output).not.toContain('do-not-print-me');
    expect(code).toBe(1);
  });

  it('with a PEM key as an HMAC secret, also behind white space', async () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string;
    for (const SIMPLE_JWT_SIGNING_KEY of [pem, ` \n\t${pem}`]) {
      const env = { DATABASE_URL: database, SIMPLE_JWT_SIGNING_KEY };
      await expectRefusal(env, 'SIMPLE_JWT_SIGNING_KEY', 'PEM');
    }
  });

  it('with a key of another family, or two keys that do not belong together', async () => {
    const key = { DATABASE_URL: database, SIMPLE_JWT_SIGNING_KEY: ecKey().private };
    await expectRefusal({ ...key, SIMPLE_JWT_ALGORITHM: 'RS256' }, 'SIMPLE_JWT_SIGNING_KEY');
    await expectRefusal({ ...key, SIMPLE_JWT_ALGORITHM: 'ES384' }, 'SIMPLE_JWT_SIGNING_KEY');
    const pair = { SIMPLE_JWT_ALGORITHM: 'ES256', SIMPLE_JWT_VERIFYING_KEY: ecKey().public };
    await expectRefusal({ ...key, ...pair }, 'SIMPLE_JWT_VERIFYING_KEY');
  });

  it('in a DATA_DIR that another process uses, and leaves that one alone', async () => {
    const DATA_DIR = join(folder, 'data');
    const first = await spawnServer({ DATA_DIR });
    await expectRefusal({ DATA_DIR }, 'DATA_DIR', `in use by process ${first.child.pid}`);
    expect((await fetch(`${first.url}/health/ready`)).status).toBe(200);
    await expect(first.stop()).resolves.toEqual({ code: 0, signal: null });
  });
});
