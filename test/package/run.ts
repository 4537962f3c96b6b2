import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Where and with what a program runs. */
export interface RunOptions {
  readonly cwd: string;
  /** Beside what npm and a shell need. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Runs a program to its end: what it wrote to stdout.
 *
 * @throws Error with everything that it wrote, where it does not end with 0
 */
export async function run(
  program: string,
  args: readonly string[],
  { cwd, env = {} }: RunOptions,
): Promise<string> {
  try {
    const { stdout } = await execute(program, args, {
      cwd,
      env: { ...userEnvironment(), ...env },
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause: error });
  }
}

/** The environment of a user's shell: without what Jest and the npm that started it have put there. */
export function userEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] =>
        entry[1] !== undefined && !/^(npm_(package|lifecycle)_|NODE_|JEST_)/.test(entry[0]),
    ),
  );
}
