import { readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { TestClient } from '../support/client.js';
import { spawnServer, type SpawnedServer } from '../support/process.js';
import { temporaryFolder } from '../support/test-postgres.js';

jest.setTimeout(90_000);

describe('a server with its embedded database', () => {
  let folder: string;
  let server: SpawnedServer;
  let DATA_DIR: string;

  beforeAll(async () => {
    folder = temporaryFolder();
    DATA_DIR = join(folder, 'data');
    server = await spawnServer({ DATA_DIR });
  });

  afterAll(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('prints a login that works once, and finds key, user and tokens again after a restart', async () => {
    const [, username = '', password = ''] = /(\S+) \/ (\S+)$/m.exec(server.output()) ?? [];
    expect(server.output()).toContain(`-d '${JSON.stringify({ username, password })}'`);
    const { access, refresh } = await new TestClient(server.url).login(username, password);

    await expect(server.stop()).resolves.toEqual({ code: 0, signal: null });
    server = await spawnServer({ DATA_DIR });
    expect(server.output()).not.toContain(password);
    const client = new TestClient(server.url);
    expect(await client.me(access)).toMatchObject({ status: 200, body: { username } });
    expect((await client.refresh(refresh)).status).toBe(200);
    await client.login(username, password);
  });

  it('finds them again after it was killed', async () => {
    const key = readFileSync(join(DATA_DIR, 'signing-key-hmac'), 'utf8');
    server.child.kill('SIGKILL');
    await server.exit;
    server = await spawnServer({ DATA_DIR });
    expect(server.output()).not.toContain('A user to try it with');
    expect(readFileSync(join(DATA_DIR, 'signing-key-hmac'), 'utf8')).toBe(key);
    expect((await fetch(`${server.url}/health/ready`)).status).toBe(200);
  });

  it('keeps its signing key from other users', () => {
    expect(statSync(join(DATA_DIR, 'signing-key-hmac')).mode & 0o077).toBe(0);
  });

  it('answers 503 with Retry-After, and never 401, while the database is away, and recovers', async () => {
    const client = new TestClient(server.url);
    const pidFile = join(DATA_DIR, 'postgres', 'postmaster.pid');
    const [pid] = readFileSync(pidFile, 'utf8').split('\n');
    process.kill(Number(pid), 'SIGINT');
    let ready = await client.get('/health/ready');
    while (ready.status === 200) ready = await client.get('/health/ready');
    expect(ready.status).toBe(503);
    expect(ready.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(await client.get('/health/live')).toMatchObject({ status: 200, body: { status: 'ok' } });
    for (const answer of await Promise.all([
      client.obtain('demo', 'wrong'),
      client.obtain('nobody', 'wrong'),
    ])) {
      expect(answer.status).toBe(503);
      expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
      expect(answer.text).not.toMatch(/ECONN|postgres|127\.0\.0\.1|\bat\b/);
    }
    expect(server.child.exitCode).toBeNull();
    await server.stop();
    server = await spawnServer({ DATA_DIR });
    expect((await fetch(`${server.url}/health/ready`)).status).toBe(200);
  });
});
