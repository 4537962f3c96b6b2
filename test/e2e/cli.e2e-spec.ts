import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestClient } from '../support/client.js';
import { createDatabase, query } from '../support/databases.js';
import { DIST, spawnServer } from '../support/process.js';

jest.setTimeout(60_000);

const ROOT = join(import.meta.dirname, '..', '..');
const MAIN = join(DIST, 'cli', 'main.js');
const SIGNING_KEY = 'a signing key for the commands, 32 bytes';

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

let folder: string;
let database: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cli-'));
  database = await createDatabase('cli', null);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a command with these variables and no others. */
async function run(
  args: string[],
  { env = {}, input = '' }: { env?: Record<string, string>; input?: string } = {},
): Promise<Outcome> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'], ...env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text) => (stdout += String(text)));
  child.stderr.on('data', (text) => (stderr += String(text)));
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number];
  return { code, stdout, stderr };
}

const onDatabase = (): Record<string, string> => ({
  DATABASE_URL: database,
  SIMPLE_JWT_SIGNING_KEY: SIGNING_KEY,
});

describe('nest-simplejwt', () => {
  it('explains itself, and refuses a command that it does not know', async () => {
    const help = await run(['--help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    const commands = [...help.stdout.matchAll(/^ {2}([\w-]+) .* {2}/gm)].map((match) => match[1]);
    expect(commands).toEqual(expect.arrayContaining(['migrate', 'createuser', 'keys', 'docs']));
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
    const missing = commands.filter((name) => !readme.includes(`\`${name}\``));
    expect(missing).toEqual(['help']);
    const unknown = await run(['migrat'], { env: onDatabase() });
    expect(unknown).toMatchObject({ code: 1, stdout: '' });
    expect(unknown.stderr).toContain("unknown command 'migrat'");
  });

  it('without a command is the server', async () => {
    const env = { ...onDatabase(), PORT: '0' };
    const child = spawn(process.execPath, [MAIN], { env: { PATH: process.env['PATH'], ...env } });
    const exit = once(child, 'exit');
    let output = '';
    for await (const text of child.stdout) {
      output += String(text);
      if (output.includes('/docs')) break;
    }
    const url = /listens on (\S+)/.exec(output)?.[1] ?? '';
    expect((await new TestClient(url).get('/health/ready')).body).toEqual({ status: 'ok' });
    child.kill('SIGTERM');
    expect(await exit).toEqual([0, null]);
  });

  it.each([[['migrate']], [['flushexpiredtokens']], [['createuser', '--username', 'x']], [[]]])(
    'says what is wrong with the configuration, without a stack: %j',
    async (args: string[]) => {
      const env = { SIMPLE_JWT_LEDGERS: 'x', PORT: 'seventy' };
      const { code, stdout, stderr } = await run(args, { env });
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toContain('SIMPLE_JWT_LEDGERS is not a setting');
      expect(stderr).toContain('PORT is not a whole number');
      expect(stderr).not.toMatch(/^\s+at /m);
    },
  );

  it('names the variable of a key that is weak, without a stack', async () => {
    const env = { ...onDatabase(), SIMPLE_JWT_SIGNING_KEY: 'too-weak' };
    const { code, stdout, stderr } = await run(['flushexpiredtokens'], { env });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('SIMPLE_JWT_SIGNING_KEY is weak');
    expect(stderr).not.toMatch(/too-weak|^\s+at /m);
  });

  it('names the variable of a database that is away', async () => {
    const env = { ...onDatabase(), DATABASE_URL: 'postgres://user:secret@127.0.0.1:1/name' };
    const { code, stderr } = await run(['migrate'], { env });
    expect(code).toBe(1);
    expect(stderr).toContain('DATABASE_URL: the database cannot be used (econnrefused)');
    expect(stderr).not.toMatch(/secret|^\s+at /m);
  });
});

describe('migrate', () => {
  it('brings an empty database up to date, and finds it so the next time', async () => {
    const env = { ...onDatabase(), DATABASE_URL: await createDatabase('cli_migrate', null) };
    for (const _ of ['first', 'second']) {
      expect(await run(['migrate'], { env })).toEqual({
        code: 0,
        stdout: 'The database is up to date.\n',
        stderr: '',
      });
    }
    const [row] = await query(env.DATABASE_URL, "SELECT to_regclass('auth_user') AS name");
    expect(row).toEqual({ name: 'auth_user' });
  });
});

describe('changepassword', () => {
  const NAMED = ['changepassword', '--user', 'carol'];
  let env: Record<string, string>;

  beforeAll(async () => {
    env = { ...onDatabase(), DATABASE_URL: await createDatabase('cli_changepassword', null) };
  });

  it('gives a user another password, and ends the sessions', async () => {
    const create = ['createuser', '--username', 'carol', '--password-stdin'];
    await run(create, { env, input: 'open sesame\n' });
    const server = await spawnServer(env);
    const client = new TestClient(server.url);
    const { refresh } = await client.login('carol', 'open sesame');
    const changed = await run([...NAMED, '--password-stdin'], { env, input: 'new sesame\n' });
    expect(changed).toMatchObject({ code: 0, stdout: 'Changed the password of carol.\n' });
    expect((await client.refresh(refresh)).status).toBe(401);
    expect((await client.obtain('carol', 'open sesame')).status).toBe(401);
    expect((await client.obtain('carol', 'new sesame')).status).toBe(200);
    const made = await run(NAMED, { env });
    const password = /Password \(shown once\): (\S{16})\n/.exec(made.stdout)?.[1] ?? '';
    expect((await client.obtain('carol', password)).status).toBe(200);
    await server.stop();
  });

  it('refuses a weak password, and a user whom it does not find', async () => {
    const weak = await run([...NAMED, '--password-stdin'], { env, input: 'short\n' });
    expect(weak).toMatchObject({ code: 1, stdout: '' });
    expect(weak.stderr).toContain('The password has not been changed.');
    const unknown = await run(['changepassword', '--user', 'nobody'], { env });
    expect(unknown).toMatchObject({ code: 1, stdout: '' });
    expect(unknown.stderr).toContain('--user: there is no user nobody');
    expect(unknown.stderr).not.toMatch(/^\s+at /m);
  });
});

it('tells its version', async () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  expect(await run(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
});

describe('createuser', () => {
  it('creates users who can log in, with a password of their own or one that it shows once', async () => {
    const env = onDatabase();
    const given = await run(['createuser', '--username', 'alice', '--password-stdin', '--staff'], {
      env,
      input: 'open sesame\nand more\n',
    });
    expect(given).toEqual({ code: 0, stdout: 'Created the user alice.\n', stderr: '' });
    const made = await run(['createuser', '--username', 'bob', '--superuser'], { env });
    const password = /Password \(shown once\): (\S{16})\n/.exec(made.stdout)?.[1] ?? '';

    const server = await spawnServer(env);
    const client = new TestClient(server.url);
    expect((await client.obtain('alice', 'open sesame')).status).toBe(200);
    expect((await client.obtain('bob', password)).status).toBe(200);
    await server.stop();
    const rows = await query(
      database,
      "SELECT username, is_staff, is_superuser, is_active FROM auth_user WHERE username <> 'demo' ORDER BY id",
    );
    expect(rows).toEqual([
      { username: 'alice', is_staff: true, is_superuser: false, is_active: true },
      { username: 'bob', is_staff: true, is_superuser: true, is_active: true },
    ]);
  });

  it('refuses a name that is taken or can never log in, and an empty password', async () => {
    const env = onDatabase();
    await run(['createuser', '--username', 'carol'], { env });
    const cases: [string[], string][] = [
      [['--username', 'carol'], '--username: carol is taken.'],
      [['--username', ' carol'], 'begins or ends with white space'],
      [['--username', 'c'.repeat(151)], 'more than 150 characters'],
      [['--username', 'dora', '--password-stdin'], 'the input is empty'],
    ];
    for (const [args, problem] of cases) {
      const { code, stdout, stderr } = await run(['createuser', ...args], { env });
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toContain(problem);
    }
  });
});

describe('a weak password', () => {
  it('is refused by createuser in secure, and taken in parity and from a fixture', async () => {
    const env = onDatabase();
    const create = (profile: string, username: string, password: string) =>
      run(['createuser', '--username', username, '--password-stdin'], {
        env: { ...env, SIMPLE_JWT_PROFILE: profile },
        input: `${password}\n`,
      });
    for (const [password, problem] of [
      ['1234567', 'This password is too short. It must contain at least 8 characters.\n'],
      ['password1', 'This password is too common.\n'],
    ] as const) {
      const refused = await create('secure', 'erin', password);
      expect(refused).toEqual({
        code: 1,
        stdout: '',
        stderr: `The user has not been created.\n${problem}`,
      });
    }
    await expect(query(database, "SELECT FROM auth_user WHERE username = 'erin'")).resolves.toEqual(
      [],
    );
    expect((await create('parity', 'erin', '1234567')).code).toBe(0);

    const USERS_FIXTURE = join(folder, 'weak-users.json');
    const frank = { username: 'frank', password: 'password', is_staff: true, is_superuser: true };
    writeFileSync(USERS_FIXTURE, JSON.stringify([frank]));
    const server = await spawnServer({ ...env, USERS_FIXTURE });
    expect((await new TestClient(server.url).obtain('frank', 'password')).status).toBe(200);
    await server.stop();
    await expect(
      query(database, "SELECT is_superuser FROM auth_user WHERE username = 'frank'"),
    ).resolves.toEqual([{ is_superuser: true }]);
  });
});

describe('flushexpiredtokens', () => {
  it("deletes what has expired and keeps what has not, in Django's tables", async () => {
    const env = { ...onDatabase(), SIMPLE_JWT_PROFILE: 'parity' };
    await run(['migrate'], { env });
    await query(
      database,
      `INSERT INTO token_blacklist_outstandingtoken (token, created_at, expires_at, jti) VALUES
         ('old', now() - interval '2 days', now() - interval '1 day', 'old'),
         ('new', now(), now() + interval '1 day', 'new')`,
    );
    const flushed = await run(['flushexpiredtokens'], { env });
    expect(flushed).toEqual({ code: 0, stdout: 'Deleted 1 expired rows.\n', stderr: '' });
    const rows = await query(database, 'SELECT jti FROM token_blacklist_outstandingtoken');
    expect(rows).toEqual([{ jti: 'new' }]);
  });
});

describe('openapi and docs', () => {
  it('write documents without any database', async () => {
    const printed = await run(['openapi']);
    expect(printed).toMatchObject({ code: 0, stderr: '' });
    const written = await run(['openapi', 'made/openapi.json']);
    expect(written.code).toBe(0);
    expect(readFileSync(join(folder, 'made', 'openapi.json'), 'utf8')).toBe(printed.stdout);
    expect((await run(['docs', 'made'])).code).toBe(0);
    expect(readFileSync(join(folder, 'made', 'settings.md'), 'utf8')).toContain('`DATABASE_URL`');
    expect(readFileSync(join(folder, 'made', 'errors.md'), 'utf8')).toContain('`token_not_valid`');
  });

  it('follow the configuration', async () => {
    const env = { TOKEN_OBTAIN_PAIR_PATHS: '/auth/in' };
    const { paths } = JSON.parse((await run(['openapi'], { env })).stdout) as {
      paths: Record<string, unknown>;
    };
    expect(paths['/auth/in']).toBeDefined();
    expect(paths['/login/simpleJWT']).toBeUndefined();
  });

  it('name a file that cannot be written', async () => {
    const { code, stderr } = await run(['openapi', '/dev/null/openapi.json']);
    expect(code).toBe(1);
    expect(stderr).toContain('/dev/null/openapi.json cannot be written');
  });
});

describe('the embedded database', () => {
  it('serves the commands, one process at a time', async () => {
    const env = { DATA_DIR: join(folder, 'data'), PORT: '0' };
    const created = await run(['createuser', '--username', 'alice', '--password-stdin'], {
      env,
      input: 'open sesame\n',
    });
    expect(created.code).toBe(0);
    const server = await spawnServer(env);
    // There was a user already, so that no demo user was made.
    expect(server.output()).not.toContain('demo');
    expect((await new TestClient(server.url).obtain('alice', 'open sesame')).status).toBe(200);
    for (const command of ['migrate', 'flushexpiredtokens']) {
      const { code, stderr } = await run([command], { env });
      expect(code).toBe(1);
      expect(stderr).toContain(`is in use by process ${server.child.pid}; stop that process`);
    }
    expect((await server.stop()).code).toBe(0);
    const flushed = await run(['flushexpiredtokens'], { env });
    expect(flushed).toEqual({ code: 0, stdout: 'Deleted 0 expired rows.\n', stderr: '' });
  });
});
