import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { TestClient } from '../support/client.js';
import { query, truncateTables } from '../support/databases.js';
import { spawnServer, type SpawnedServer } from '../support/process.js';
import { workerDatabase } from '../support/server.js';
import { SIGNING_KEY } from '../support/tokens.js';

jest.setTimeout(60_000);

describe('after SIGTERM the server', () => {
  let database: string;
  let server: SpawnedServer;
  let login: { username: string; password: string };

  beforeEach(async () => {
    database = await workerDatabase();
    await truncateTables(database);
    server = await spawnServer({
      DATABASE_URL: database,
      SIMPLE_JWT_PROFILE: 'parity',
      SIMPLE_JWT_SIGNING_KEY: SIGNING_KEY,
    });
    const [, username = '', password = ''] = /(\S+) \/ (\S+)$/m.exec(server.output()) ?? [];
    login = { username, password };
  });

  async function open(): Promise<Socket> {
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  }

  it('ends with 0 within ten seconds, though idle and half-open connections hang', async () => {
    const idle = await open();
    const used = await open();
    used.write('GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(used, 'data');
    const halfHeader = await open();
    halfHeader.write('POST /login/simpleJWT HTTP/1.1\r\nHost: x\r\n');
    const halfBody = await open();
    halfBody.write(
      'POST /login/simpleJWT HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
    );
    // The server has seen all of them once it answers a request that came later.
    await new TestClient(server.url).get('/health/live');
    const start = performance.now();
    await expect(server.stop()).resolves.toEqual({ code: 0, signal: null });
    expect(performance.now() - start).toBeLessThan(10_000);
    for (const socket of [idle, used, halfHeader, halfBody]) socket.destroy();
  });

  it('answers everything that had arrived, and what comes while load balancers learn of it', async () => {
    const client = new TestClient(server.url);
    const { access } = await client.login(login.username, login.password);
    // Each log-in costs a password hash, so that most of these are still waiting when the signal comes.
    const arrived = Array.from({ length: 30 }, () => client.obtain(login.username, login.password));
    await arrived[0];
    const exit = server.stop();
    let live = await client.get('/health/live');
    // Fails by refused connections if the server never says so.
    while (live.headers.get('connection') !== 'close') live = await client.get('/health/live');
    const late = await Promise.all([client.me(access), client.refresh('x')]);
    expect(late.map(({ status }) => status)).toEqual([200, 401]);
    const answers = await Promise.all(arrived);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    await expect(exit).resolves.toEqual({ code: 0, signal: null });
    await expect(client.me(access)).rejects.toThrow('fetch failed');
    // What was answered was also written.
    const rows = 'SELECT count(*)::int FROM token_blacklist_outstandingtoken';
    await expect(query(database, rows)).resolves.toEqual([{ count: 31 }]);
  });

  it('finishes a request whose body is still on its way', async () => {
    const body = JSON.stringify(login);
    const socket = await open();
    socket.write(
      `POST /login/simpleJWT HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    socket.write(body.slice(0, 10));
    await new TestClient(server.url).get('/health/live');
    const exit = server.stop();
    const stopped = new TestClient(server.url);
    // Until it accepts no more connections: the closing has begun.
    while (
      await stopped.get('/health/live').then(
        () => true,
        () => false,
      )
    );
    socket.write(body.slice(10));
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 [^]*"access":/);
    await expect(exit).resolves.toEqual({ code: 0, signal: null });
  });

  it('does the same after SIGINT', async () => {
    server.child.kill('SIGINT');
    await expect(server.exit).resolves.toEqual({ code: 0, signal: null });
  });
});
