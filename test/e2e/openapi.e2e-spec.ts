import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startTestServer, type TestServer } from '../support/server.js';

const FILE = join(import.meta.dirname, '..', '..', 'docs', 'openapi.json');

interface Document {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, unknown>>;
  readonly components: unknown;
}

describe('the OpenAPI description', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer();
  });

  afterAll(() => server.stop());

  it('is shown as a page under /docs', async () => {
    const page = await server.client.get('/docs');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toContain('text/html');
  });

  it('lists every endpoint of the contract', async () => {
    const { body } = await server.client.get<Document>('/docs/openapi.json');
    expect(body.openapi).toMatch(/^3\./);
    for (const [path, method] of [
      ['/login/simpleJWT', 'post'],
      ['/login/simpleJWT/refresh', 'post'],
      ['/login/simpleJWT/verify', 'post'],
      ['/login/simpleJWT/blacklist', 'post'],
      ['/login/simpleJWT/sliding', 'post'],
      ['/login/simpleJWT/sliding/refresh', 'post'],
      ['/users/me', 'get'],
      ['/health/live', 'get'],
      ['/health/ready', 'get'],
    ] as const) {
      expect(body.paths[path]).toHaveProperty(method);
    }
  });

  // Which endpoints there are depends on no setting, so that one file is true of every server.
  it('is the one that docs/openapi.json holds', async () => {
    expect(existsSync(FILE)).toBe(true);
    const { body } = await server.client.get<Document>('/docs/openapi.json');
    expect(body).toEqual(JSON.parse(readFileSync(FILE, 'utf8')));
  });
});
