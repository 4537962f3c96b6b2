import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { userEnvironment, type RunOptions } from './run.js';

/** A server that runs as a process of its own. */
export interface RunningProgram {
  /** Everything that it has written. */
  readonly output: () => string;
  /** SIGTERM; settles when everything that was started has closed its output, which is at its very end. */
  readonly stop: () => Promise<void>;
}

/**
 * Starts a program and waits until it has written what says that it is ready.
 *
 * @throws Error with its output where it ends before
 */
export async function startProgram(
  program: string,
  args: readonly string[],
  { cwd, env = {} }: RunOptions,
  ready: RegExp,
): Promise<RunningProgram> {
  const child = spawn(program, args, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...userEnvironment(), ...env },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const closed = once(child, 'close');
  await new Promise<void>((found, reject) => {
    child.stdout.on('data', () => {
      if (ready.test(output)) found();
    });
    closed.then(() => reject(new Error(`${program} ended:\n${output}`)), reject);
  });
  return {
    output: () => output,
    stop: async () => {
      child.kill('SIGTERM');
      await closed;
    },
  };
}
