import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The built server as a process of its own. */
export interface SpawnedServer {
  readonly url: string;
  readonly child: ChildProcess;
  readonly exit: Promise<Exit>;
  /** Everything it has written to stdout and stderr. */
  readonly output: () => string;
  /** SIGTERM, then the end. */
  readonly stop: () => Promise<Exit>;
}

type Environment = Readonly<Record<string, string | undefined>>;

const ROOT = join(import.meta.dirname, '..', '..');
/** Where the build is: `npm test` makes `dist`; `TEST_DIST` names another folder. */
export const DIST = resolve(ROOT, process.env['TEST_DIST'] ?? 'dist');
/** ms */
const START_LIMIT = 40_000;

const running = new Set<ChildProcess>();

// A test that failed half-way must not leave its servers behind.
afterAll(async () => {
  for (const child of running) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

/**
 * Runs the built server with these variables and no others, and waits for its address.
 *
 * @param program - another program that runs it and tells its address
 * @param onLaunch - is given what it writes, before it has an address
 */
export async function spawnServer(
  env: Environment,
  program?: string,
  onLaunch: (output: () => string) => void = () => undefined,
): Promise<SpawnedServer> {
  const started = launch(env, program);
  const { child, exit, output } = started;
  onLaunch(output);
  const url = await new Promise<string>((found, reject) => {
    const limit = setTimeout(
      () => reject(new Error(`the server did not start within ${START_LIMIT} ms:\n${output()}`)),
      START_LIMIT,
    );
    child.stdout?.on('data', () => {
      const address = /listens on (http:\S+)/.exec(output())?.[1];
      if (address) found(address);
    });
    exit.then(
      ({ code }) => reject(new Error(`the server ended with ${code}:\n${output()}`)),
      reject,
    );
    void exit.finally(() => clearTimeout(limit));
    child.stdout?.once('close', () => clearTimeout(limit));
    limit.unref();
  });
  const stop = async (): Promise<Exit> => {
    child.kill('SIGTERM');
    return exit;
  };
  return { url, child, exit, output, stop };
}

/** Runs the built server where it is expected to end by itself: how it ended, when, and what it said. */
export async function runToEnd(
  env: Environment,
): Promise<Exit & { output: string; milliseconds: number }> {
  const start = performance.now();
  const { exit, output } = launch(env);
  const { code, signal } = await exit;
  return { code, signal, output: output(), milliseconds: performance.now() - start };
}

function launch(
  env: Environment,
  main = join(DIST, 'main.js'),
): Pick<SpawnedServer, 'child' | 'exit' | 'output'> {
  if (!existsSync(main)) throw new Error(`there is no ${main}: run npm run build first`);
  const child = spawn(process.execPath, [main], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], TEST_DIST: DIST, HOST: '127.0.0.1', PORT: '0', ...env },
  });
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  // `close` comes after the last output, `exit` may come before it.
  const exit = once(child, 'close').then(([code, signal]): Exit => {
    running.delete(child);
    return { code: code as number | null, signal: signal as NodeJS.Signals | null };
  });
  return { child, exit, output: () => output };
}
