import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.js';

/** How a host compiles. */
export interface HostCompiler {
  /** Path of `tsc`. */
  readonly tsc: string;
  readonly type: 'module' | 'commonjs';
  readonly options: Readonly<Record<string, unknown>>;
}

/** The compiler options of a fresh Nest application, with every declaration file checked as well. */
const STRICTEST = {
  target: 'es2023',
  strict: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  esModuleInterop: true,
  skipLibCheck: false,
  types: ['node'],
  rootDir: '.',
  outDir: 'out',
};

/**
 * Compiles files as a host would whose `node_modules` are those of the folder, and runs one of them.
 *
 * @param files - text by name; `main.ts` is run
 * @returns what it wrote
 * @throws Error with the compiler's complaints
 */
export async function compileAndRun(
  folder: string,
  files: Readonly<Record<string, string>>,
  { tsc, type, options }: HostCompiler,
): Promise<string> {
  const host = join(folder, 'host');
  mkdirSync(host);
  try {
    writeFileSync(join(host, 'package.json'), JSON.stringify({ type }));
    writeFileSync(
      join(host, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: { ...STRICTEST, ...options } }),
    );
    for (const [name, text] of Object.entries(files)) writeFileSync(join(host, name), text);
    await run(process.execPath, [tsc, '-p', host], { cwd: host });
    return await run(process.execPath, [join(host, 'out', 'main.js')], { cwd: host });
  } finally {
    rmSync(host, { recursive: true, force: true });
  }
}
