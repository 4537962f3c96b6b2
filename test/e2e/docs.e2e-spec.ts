import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { OpenAPIObject } from '@nestjs/swagger';
import { errorsDocument } from '../../src/cli/documents.js';
import { describeServer } from '../../src/cli/openapi.js';
import { settingsDocument } from '../../src/cli/settings-document.js';
import { readEnvironment } from '../../src/config/environment.js';
import { SERVER_VARIABLES } from '../../src/config/server-variables.js';
import { SETTING_NAMES, environmentName } from '../../src/config/settings.js';
import { startTestServer, type TestServer } from '../support/server.js';

const ROOT = join(import.meta.dirname, '..', '..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const filesBelow = (folder: string, ending: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name));

type Operation = NonNullable<OpenAPIObject['paths'][string]['post']>;
const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

/** Every operation of the document, its path filled in with something that matches. */
function operationsOf(document: OpenAPIObject): [string, string, Operation][] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method): [string, string, Operation][] => {
      const operation = item[method];
      const filled = path.replaceAll(/\{\w+\}/g, '1');
      return operation ? [[method.toUpperCase(), filled, operation]] : [];
    }),
  );
}

describe('the generated documents', () => {
  it('hold the settings of the code: npm run docs:tables writes them', () => {
    expect(read('docs/settings.md')).toBe(settingsDocument());
  });

  it('hold the errors of the code: npm run docs:tables writes them', () => {
    expect(read('docs/errors.md')).toBe(errorsDocument());
  });

  it('hold the routes of the code: npm run openapi writes them', async () => {
    const document = await describeServer(readEnvironment({}));
    expect(read('docs/openapi.json')).toBe(`${JSON.stringify(document, null, 2)}\n`);
  });
});

describe('the OpenAPI document', () => {
  const document = JSON.parse(read('docs/openapi.json')) as OpenAPIObject;
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer({ env: { SIMPLE_JWT_PROFILE: 'secure' } });
  });
  afterAll(() => server.stop());

  it('is what the running server shows', async () => {
    const { body } = await server.client.get('/docs/openapi.json');
    expect(body).toEqual(document);
  });

  it('gives each operation a name of its own, and refers to nothing that is missing', () => {
    const names = operationsOf(document).map(([, , { operationId }]) => operationId);
    expect(new Set(names).size).toBe(names.length);
    const schemas = Object.keys(document.components?.schemas ?? {});
    const references = [...read('docs/openapi.json').matchAll(/"#\/components\/schemas\/(\w+)"/g)];
    expect(schemas).toEqual(expect.arrayContaining(references.map((match) => match[1])));
  });

  it('describes the body of every view that reads fields', () => {
    const without = operationsOf(document)
      .filter(([method, path]) => method === 'POST' && !path.startsWith('/admin/'))
      .filter(([, , { requestBody }]) => requestBody === undefined);
    expect(without).toEqual([]);
  });

  it.each(operationsOf(document))('%s %s answers as it says', async (method, path, operation) => {
    const { client } = server;
    const documented = Object.keys(operation.responses);
    const open = operation.security === undefined;
    if (documented.includes('406')) {
      const refused = await client.send(method, path, undefined, { accept: 'text/html' });
      expect(refused.status).toBe(406);
      const { status, headers } = await client.send('PROPFIND', path);
      expect(status).toBe(open ? 405 : 401);
      expect(headers.get('allow')).toContain(method);
    }
    const bare = await client.send(method, path);
    expect(documented).toContain(String(bare.status));
    if (!open) expect(bare.status).toBe(401);
    if (open && operation.requestBody) {
      expect((await client.send(method, path, '{')).status).toBe(400);
      const text = await client.send(method, path, 'text', { 'content-type': 'text/plain' });
      expect(text.status).toBe(415);
      const large = await client.send(method, path, ' '.repeat(1_048_577));
      expect(large.status).toBe(413);
      expect(documented).toEqual(expect.arrayContaining(['400', '413', '415']));
    }
  });

  it('names aliases with the slash, which are served without it too', async () => {
    expect(document.paths['/api/token/']).toBeDefined();
    for (const path of ['/api/token/', '/api/token']) {
      expect((await server.client.post(path, {})).status).toBe(400);
    }
  });
});

describe('the documentation', () => {
  const pages = ['README.md', 'CHANGELOG.md', ...filesBelow('docs', '.md')];

  it.each(pages)('%s links to files that exist', (page) => {
    const links = [...read(page).matchAll(/\]\((?!https?:)([^)#]*)(?:#[^)]*)?\)/g)].map(
      (match) => match[1] ?? '',
    );
    const broken = links.filter((link) => !existsSync(join(ROOT, dirname(page), link)));
    expect(broken).toEqual([]);
  });

  it.each(['contract', 'design'])('has the sections of %s.md that the code cites', (page) => {
    const headings = [...read(`docs/${page}.md`).matchAll(/^## (\d+)\./gm)].map(
      (match) => match[1],
    );
    const cited = [...filesBelow('src', '.ts'), ...filesBelow('test', '.ts')].flatMap((file) =>
      [...read(file).matchAll(new RegExp(`\\b${page} §(\\d+)`, 'g'))].map((match) => match[1]),
    );
    expect(cited.length).toBeGreaterThan(0);
    expect(headings).toEqual(expect.arrayContaining(cited));
  });

  it('names only variables that exist', () => {
    const known = [
      ...SETTING_NAMES.map(environmentName),
      ...Object.values(SERVER_VARIABLES).map(({ env }) => env),
    ];
    const named = ['README.md', 'docs/migration-from-django.md', 'docs/security.md'].flatMap(
      (page) => [...read(page).matchAll(/\bSIMPLE_JWT_[A-Z_]*[A-Z]\b/g)].map(([name]) => name),
    );
    // `SIMPLE_JWT_X` stands for any.
    expect([...known, 'SIMPLE_JWT_X']).toEqual(expect.arrayContaining(named));
  });
});
