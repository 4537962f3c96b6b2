import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ConfigError } from './config-error.js';

/**
 * Says what to install before packages are loaded that not every host needs.
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
 * In a folder without this package, which `npx` brings along from a folder of its own, that would not find there what is
 * installed here: so the command installs this one too.
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
    // One that only `import` may load is there as well.
    return (error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND';
  }
}
