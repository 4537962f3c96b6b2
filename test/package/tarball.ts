import { cpSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DIST } from '../support/process.js';
import { temporaryFolder } from '../support/test-postgres.js';
import { run } from './run.js';

/** The root of the repository. */
export const ROOT = join(import.meta.dirname, '..', '..');

/** What `npm publish` would send. */
export interface Tarball {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Paths within the package. */
  readonly files: readonly string[];
}

interface PackReport {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

/** What is not in a checkout, or would only be slow to copy. */
const LEFT_OUT = new Set(['.git', '.build', '.data', 'coverage', 'dist', 'node_modules']);

/** Packs the repository with its build, in a new folder outside of it. */
export async function packTarball(): Promise<Tarball> {
  const folder = temporaryFolder();
  for (const name of readdirSync(ROOT).filter((entry) => !LEFT_OUT.has(entry))) {
    cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  }
  cpSync(DIST, join(folder, 'dist'), { recursive: true });
  const report = await run('npm', ['pack', '--json', '--ignore-scripts'], { cwd: folder });
  const [packed] = JSON.parse(report) as PackReport[];
  if (!packed) throw new Error(`npm pack reported nothing: ${report}`);
  return {
    path: join(folder, packed.filename),
    size: packed.size,
    files: packed.files.map(({ path }) => path),
  };
}

/**
 * Installs packages in a new folder outside of the repository, where nothing of the repository's own `node_modules` can
 * be found.
 *
 * @param dependencies - by name: a range, or a file
 * @returns the folder
 */
export async function install(
  dependencies: Readonly<Record<string, string>>,
  flags: readonly string[] = [],
): Promise<string> {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies }));
  // What `npm ci` has fetched for the repository need not be fetched again.
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', ...flags], {
    cwd: folder,
  });
  return folder;
}
