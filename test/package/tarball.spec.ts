import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { run } from './run.js';
import { ROOT, packTarball, type Tarball } from './tarball.js';

jest.setTimeout(60_000);

/** Bytes; whoever makes the package larger should know. */
const LARGEST = 600_000;

const program = (name: string): string => join(ROOT, 'node_modules', '.bin', name);

describe('the tarball', () => {
  let tarball: Tarball;

  beforeAll(async () => {
    tarball = await packTarball();
  });
  afterAll(() => rmSync(dirname(tarball.path), { recursive: true, force: true }));

  /** The compiled files. */
  const sources = (): string[] =>
    tarball.files
      .filter((file) => /^dist\/.*\.js$/.test(file))
      .map((file) => readFileSync(join(dirname(tarball.path), file), 'utf8'));

  it('has the build, its types, the documents and the examples, and nothing else', () => {
    const wanted = [
      /^(package\.json|README\.md|CHANGELOG\.md|LICENSE)$/,
      /^dist\/(.+\/)?[\w.-]+(\.js|\.d\.ts)$/,
      /^dist\/passwords\/common-passwords\.txt$/,
      /^docs\/(openapi\.json|(.+\/)?[\w-]+\.md)$/,
      /^examples\/README\.md$/,
      /^examples\/[\w-]+\/(README\.md|package\.json|tsconfig\.json|(src|test)\/[\w.-]+\.ts)$/,
    ];
    const odd = tarball.files.filter((file) => !wanted.some((pattern) => pattern.test(file)));
    expect(odd).toEqual([]);
    expect(tarball.files.filter((file) => /\bspec\b/.test(file))).toEqual([]);
    expect(tarball.files).toEqual(
      expect.arrayContaining([
        'LICENSE',
        'README.md',
        'docs/openapi.json',
        'dist/cli/main.js',
        'dist/passwords/common-passwords.txt',
      ]),
    );
    expect(tarball.size).toBeLessThan(LARGEST);
  });

  it('has every file that its pages link to', () => {
    const folders = new Set(tarball.files.flatMap(ancestors));
    const broken = tarball.files
      .filter((file) => file.endsWith('.md'))
      .flatMap((page) => linksOf(page).map((link) => `${page}: ${link}`))
      .filter((entry) => {
        const [page = '', link = ''] = entry.split(': ');
        const target = posix.join(posix.dirname(page), link).replace(/\/$/, '');
        return !tarball.files.includes(target) && !folders.has(target);
      });
    expect(broken).toEqual([]);
  });

  it('declares every package that its code imports', () => {
    const { dependencies, peerDependencies } = manifest();
    const declared = new Set(
      [dependencies, peerDependencies].flatMap((group) => Object.keys(group)),
    );
    const imported = sources().flatMap(packagesIn);
    expect(imported).toEqual(expect.arrayContaining(['cookie', 'redis', '@nestjs/common']));
    expect([...new Set(imported)].filter((name) => !declared.has(name))).toEqual([]);
  });

  it('loads what not every host has at first use only', () => {
    const optional = Object.keys(manifest().peerDependenciesMeta);
    const atOnce = sources()
      .flatMap((code) => [...code.matchAll(STATIC_IMPORT)].map((match) => packageOf(match[1])))
      .filter((name) => optional.includes(name) || name.startsWith('@node-rs/'));
    expect(atOnce).toEqual([]);
  });

  it('asks a host for as much of these as the server of this repository has', () => {
    const { peerDependencies, peerDependenciesMeta, dependencies } = manifest();
    const { dependencies: needed, optionalDependencies } = manifest('server');
    const ofServer = { ...needed, ...optionalDependencies };
    const optional = Object.keys(peerDependenciesMeta).map((name) => [
      name,
      peerDependencies[name],
    ]);
    expect(ofServer).toEqual(Object.fromEntries(optional));
    expect(Object.keys(dependencies).filter((name) => name in ofServer)).toEqual([]);
  });

  it('is built before it is packed', () => {
    expect(manifest().scripts['prepack']).toBe('npm run --silent build');
  });

  it('has no page that installs with NODE_ENV=production, which leaves out what the build needs', () => {
    const blocks = tarball.files
      .filter((file) => file.endsWith('.md'))
      .flatMap((page) => [...readFileSync(join(ROOT, page), 'utf8').matchAll(/```sh\n([^]*?)```/g)])
      .map((match) => match[1] ?? '');
    const wrong = /NODE_ENV=production[^]*\bnpm (ci|install)\b/;
    expect(blocks.some((block) => block.includes('NODE_ENV=production'))).toBe(true);
    expect(blocks.filter((block) => wrong.test(block))).toEqual([]);
  });

  it('is clean for publint, which checks what package.json promises', async () => {
    const output = await run(program('publint'), ['--strict', tarball.path], { cwd: ROOT });
    expect(output).toContain('All good!');
  });

  it('has types that resolve for every kind of host', async () => {
    // CommonJS hosts require() ES modules, which Node does since 20.19, as they do with Nest 12 itself.
    const flags = ['--ignore-rules', 'cjs-resolves-to-esm', '--format', 'table'];
    const output = await run(program('attw'), [tarball.path, ...flags], { cwd: ROOT });
    expect(output).toContain('No problems found');
  });
});

type Packages = Readonly<Record<string, string>>;

interface Manifest {
  readonly scripts: Packages;
  readonly dependencies: Packages;
  readonly peerDependencies: Packages;
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional: boolean }>>;
  readonly optionalDependencies: Packages;
}

function manifest(folder = '.'): Manifest {
  return JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')) as Manifest;
}

const STATIC_IMPORT = /^(?:import|export)\b(?:.* from)? '([^']+)'/gm;
const DYNAMIC_IMPORT = /\bimport\('([^']+)'\)/g;

/** The packages that compiled code names in its imports; `node:` and relative ones are none. */
function packagesIn(code: string): string[] {
  return [STATIC_IMPORT, DYNAMIC_IMPORT]
    .flatMap((pattern) => [...code.matchAll(pattern)].map((match) => match[1] ?? ''))
    .filter((specifier) => !/^(\.|node:)/.test(specifier))
    .map(packageOf);
}

function packageOf(specifier = ''): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

/** The folders that a file lies in. */
function ancestors(file: string): string[] {
  const parts = file.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

function linksOf(page: string): string[] {
  const path = join(ROOT, page);
  if (!existsSync(path)) return [];
  const text = readFileSync(path, 'utf8');
  return [...text.matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)].map((match) => match[1] ?? '');
}
