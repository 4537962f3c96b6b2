import { cpSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, install } from './tarball.js';

/** What of an example's `package.json` matters here. */
interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** Folders of the repository that are a package each, made for users to copy. */
export const EXAMPLES = readdirSync(join(ROOT, 'examples'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** The sources of an example, by name. */
export function sourcesOf(example: string): ReadonlyMap<string, string> {
  const folder = join(ROOT, 'examples', example, 'src');
  return new Map(
    readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
  );
}

export function manifestOf(example: string): Manifest {
  const path = join(ROOT, 'examples', example, 'package.json');
  return JSON.parse(readFileSync(path, 'utf8')) as Manifest;
}

/**
 * Copies all examples below one folder in which everything that they name is installed, this package from its tarball.
 *
 * @returns the folder
 */
export async function installExamples(tarball: string): Promise<string> {
  const wanted = new Map<string, string>();
  for (const manifest of EXAMPLES.map(manifestOf)) {
    for (const [name, range] of Object.entries({
      ...manifest.dependencies,
      ...manifest.devDependencies,
    })) {
      const other = wanted.get(name) ?? range;
      if (other !== range) throw new Error(`the examples want ${name} as ${other} and ${range}`);
      wanted.set(name, range);
    }
  }
  wanted.set('nest-simplejwt', `file:${tarball}`);
  const folder = await install(Object.fromEntries(wanted));
  for (const example of EXAMPLES) {
    const [from, to] = [join(ROOT, 'examples', example), join(folder, example)];
    const isOwn = (path: string): boolean => !/\/(node_modules|dist)$/.test(path);
    cpSync(from, to, { recursive: true, filter: isOwn });
  }
  return folder;
}
