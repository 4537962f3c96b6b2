import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ConfigError } from './config-error.js';

/**
 * Checks that optional packages are installed, before anything loads them.
 *
 * @param user - who needs them: the first words of the sentence
 * @throws ConfigError with one sentence and one command for all that are missing
 */
export function requirePackages(user: string, packages: readonly string[]): void {
  const missing = packages.filter((name) => !isInstalled(name, import.meta.url));
  if (missing.length === 0) return;
  const what =
    missing.length === 1
      ? `the package ${missing[0]}, which is not installed`
      : `the packages ${missing.join(', ')}, which are not installed`;
  throw new ConfigError([`${user} needs ${what}. Run: npm install ${toInstall(missing)}`]);
}

/**
 * Where the working folder lacks this package, the command installs it too: `npx` runs a copy in a folder of its own, which
 * would not find packages that are installed in the working folder.
 */
function toInstall(missing: readonly string[]): string {
  const isHere = isInstalled('nest-simplejwt', join(process.cwd(), 'any.js'));
  return [...(isHere ? [] : ['nest-simplejwt']), ...missing].join(' ');
}

function isInstalled(name: string, from: string): boolean {
  try {
    createRequire(from).resolve(name);
    return true;
  } catch (error) {
    // A package that only `import` can load is installed as well.
    return (error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND';
  }
}
