import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { run } from './run.js';
import { ROOT, packTarball, type Tarball } from './tarball.js';

jest.setTimeout(60_000);

/** Bytes; whoever makes the package larger should know. */
const LARGEST = 500_000;

const program = (name: string): string => join(ROOT, 'node_modules', '.bin', name);

describe('the tarball', () => {
  let tarball: Tarball;

  beforeAll(async () => {
    tarball = await packTarball();
  });
  afterAll(() => rmSync(dirname(tarball.path), { recursive: true, force: true }));

  it('has the build, its types, the documents and the examples, and nothing else', () => {
    const wanted = [
      /^(package\.json|README\.md|CHANGELOG\.md|LICENSE)$/,
      /^dist\/(.+\/)?[\w.-]+(\.js|\.d\.ts)$/,
      /^docs\/(openapi\.json|(.+\/)?[\w-]+\.md)$/,
      /^examples\/README\.md$/,
      /^examples\/[\w-]+\/(README\.md|package\.json|tsconfig\.json|(src|test)\/[\w.-]+\.ts)$/,
    ];
    const odd = tarball.files.filter((file) => !wanted.some((pattern) => pattern.test(file)));
    expect(odd).toEqual([]);
    expect(tarball.files.filter((file) => /\bspec\b/.test(file))).toEqual([]);
    expect(tarball.files).toEqual(
      expect.arrayContaining(['LICENSE', 'README.md', 'docs/openapi.json', 'dist/cli/main.js']),
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
