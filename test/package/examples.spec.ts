import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { createServer, type AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { createDatabase, dropDatabases } from '../support/databases.js';
import { EXAMPLES, installExamples, manifestOf, sourcesOf } from './examples.js';
import { startProgram } from './program.js';
import { run } from './run.js';
import { ROOT, packTarball } from './tarball.js';

/** Lines of one's own for log-in and a guarded route: what the README promises. */
const FEWEST = 12;

const secret = (): string => randomBytes(32).toString('base64');

describe('the examples, on the packed tarball', () => {
  let tarball: string;
  let folder: string;

  beforeAll(async () => {
    tarball = (await packTarball()).path;
    folder = await installExamples(tarball);
  }, 240_000);
  afterAll(async () => {
    await dropDatabases('example');
    for (const path of [folder, dirname(tarball)]) rmSync(path, { recursive: true, force: true });
  }, 60_000);

  it.each(EXAMPLES)(
    '%s compiles and passes its own tests',
    async (example) => {
      const report = await run('npm', ['test'], {
        cwd: join(folder, example),
        env: {
          DATABASE_URL: await createDatabase(`example_${example.replaceAll('-', '_')}`, null),
          SIGNING_KEY: secret(),
          SIMPLE_JWT_SIGNING_KEY: secret(),
          KEY_ENCRYPTION_KEY: secret(),
        },
      });
      expect(Number(/^# pass (\d+)$/m.exec(report)?.[1])).toBeGreaterThan(1);
      expect(report).toMatch(/^# fail 0$/m);
    },
    120_000,
  );

  it('serve who follows the quick start, command by command', async () => {
    const database = await createDatabase('example_quick_start', null);
    const port = await freePort();
    const env = { DATABASE_URL: database, SIGNING_KEY: secret(), PORT: String(port) };
    const cwd = join(folder, 'minimal-host');
    await run('npm', ['run', 'build'], { cwd });
    const ready = /successfully started/;
    const host = await startProgram(process.execPath, ['dist/main.js'], { cwd, env }, ready);
    try {
      const { create, logIn, useToken } = quickStartCommands(`http://127.0.0.1:${port}`);
      const shell = { cwd: folder, env };
      expect(await run('sh', ['-euc', create], shell)).toContain('Created the user alice.');
      const pair = JSON.parse(await run('sh', ['-euc', logIn], shell)) as Record<string, string>;
      const orders = await run('sh', ['-euc', useToken], {
        ...shell,
        env: { ...env, ACCESS: pair['access'] ?? '' },
      });
      expect(JSON.parse(orders)).toEqual({ owner: 'alice' });
    } finally {
      await host.stop();
    }
  }, 120_000);
});

describe('every example', () => {
  it.each(EXAMPLES)('%s names the packages that it imports, and says what it shows', (example) => {
    const imported = [...sourcesOf(example).values()].flatMap((text) =>
      [...text.matchAll(/from '((?:@[\w-]+\/)?[\w-]+)/g)].map((match) => match[1] ?? ''),
    );
    const { dependencies } = manifestOf(example);
    const missing = imported.filter((name) => !(name in dependencies) && name !== 'node');
    expect(missing.filter((name) => !builtinModules.includes(name))).toEqual([]);
    expect(imported).toContain('nest-simplejwt');
    expect(existsSync(join(ROOT, 'examples', example, 'README.md'))).toBe(true);
  });
});

describe('the minimal host', () => {
  const module = sourcesOf('minimal-host').get('app.module.ts') ?? '';
  const main = sourcesOf('minimal-host').get('main.ts') ?? '';

  it(`needs ${FEWEST} lines for log-in and a guarded route, besides imports and closing brackets`, () => {
    const [, own = ''] = /^(?:import .*\n)+([^]*)$/.exec(module) ?? [];
    const lines = own.split('\n').filter((line) => /\w/.test(line));
    expect(own).not.toContain('import ');
    expect(own).toMatch(/@UseGuards\(JwtAuthGuard\)[^]*AuthModule\.forRoot/);
    expect(lines.length).toBeLessThanOrEqual(FEWEST);
  });

  it.each(['README.md', 'docs/quick-start.md'])('is what %s shows', (page) => {
    const text = readFileSync(join(ROOT, page), 'utf8');
    expect(text).toContain(`\`\`\`ts\n${module}\`\`\``);
    if (page !== 'README.md') expect(text).toContain(`\`\`\`ts\n${main}\`\`\``);
  });
});

/** The commands of the quick start, at the address where the host listens. */
function quickStartCommands(url: string): Record<'create' | 'logIn' | 'useToken', string> {
  const text = readFileSync(join(ROOT, 'docs', 'quick-start.md'), 'utf8');
  const blocks = [...text.matchAll(/```sh\n([^]*?)```/g)].map((match) => match[1] ?? '');
  const find = (part: string): string => {
    const block = blocks.find((one) => one.includes(part));
    if (block === undefined) throw new Error(`the quick start has no command with ${part}`);
    // The address of the database is the reader's own.
    return block.replaceAll(/^export .*\n/gm, '').replaceAll('http://127.0.0.1:3000', url);
  };
  return { create: find('createuser'), logIn: find('/login/simpleJWT'), useToken: find('/orders') };
}

/** A port that nobody uses now. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}
