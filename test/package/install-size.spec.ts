import { lstatSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ROOT, install, packTarball } from './tarball.js';

jest.setTimeout(300_000);

/** A Nest application with a database and validated bodies, before it has any log-in. */
const BARE_HOST = [
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/platform-express',
  '@nestjs/typeorm',
  'class-validator',
  'pg',
  'reflect-metadata',
  'rxjs',
  'typeorm',
];

/** What docs/performance.md promises, in MB. */
const MOST = 20;

interface Installed {
  /** MB on the disk, in blocks as `du` counts them. */
  readonly size: number;
  readonly packages: readonly string[];
  readonly withInstallScript: readonly string[];
}

describe('npm install nest-simplejwt, in a host that has Nest, TypeORM, pg and class-validator', () => {
  const folders: string[] = [];
  let bare: Installed;
  let host: Installed;

  beforeAll(async () => {
    const tarball = (await packTarball()).path;
    folders.push(dirname(tarball));
    const dependencies = Object.fromEntries(BARE_HOST.map((name) => [name, rangeOf(name)]));
    bare = await measure(dependencies);
    host = await measure({ ...dependencies, 'nest-simplejwt': `file:${tarball}` });
    const added = host.packages.length - bare.packages.length;
    process.stdout.write(
      `npm install nest-simplejwt adds ${(host.size - bare.size).toFixed(1)} MB and ${added} packages ` +
        `to the ${bare.size.toFixed(1)} MB and ${bare.packages.length} packages of a bare host\n`,
    );
  });
  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });

  async function measure(dependencies: Readonly<Record<string, string>>): Promise<Installed> {
    const folder = await install(dependencies, ['--omit=dev']);
    folders.push(folder);
    const modules = join(folder, 'node_modules');
    const lock = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8')) as {
      packages: Readonly<Record<string, { readonly hasInstallScript?: boolean }>>;
    };
    const packages = Object.entries(lock.packages);
    return {
      size: blocksBelow(modules) / 2048,
      packages: packages.map(([path]) => path),
      withInstallScript: packages
        .filter(([, { hasInstallScript }]) => hasInstallScript)
        .map(([path]) => path),
    };
  }

  it(`adds at most ${MOST} MB`, () => {
    expect(bare.size).toBeGreaterThan(MOST);
    expect(host.size - bare.size).toBeLessThanOrEqual(MOST);
  });

  it('runs no install script, and brings no telemetry', () => {
    expect(host.withInstallScript).toEqual([]);
    expect(host.packages.filter((path) => path.includes('scarf'))).toEqual([]);
  });
});

/** The range in which this repository has tried a package. */
function rangeOf(name: string): string {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Record<
    'dependencies' | 'devDependencies' | 'peerDependencies',
    Readonly<Record<string, string>>
  >;
  const { dependencies, devDependencies, peerDependencies } = manifest;
  const range = { ...devDependencies, ...dependencies, ...peerDependencies }[name];
  if (range === undefined) throw new Error(`package.json has no ${name}`);
  return range;
}

/** Blocks of 512 bytes. */
function blocksBelow(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).reduce(
    (sum, name) => sum + lstatSync(join(folder, name)).blocks,
    0,
  );
}
