import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { startTestServer, type TestServer } from '../support/server.js';

jest.setTimeout(90_000);

/** Seconds: the 30 that the server allows a request, and some for it to notice. */
const LIMIT = 40;

describe('a client that never finishes what it sends', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer();
  });

  afterAll(() => server.stop());

  async function open(bytes: string): Promise<Socket> {
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.write(bytes);
    return socket;
  }

  it('starves nobody and is cut off in the end', async () => {
    const head = 'POST /login/simpleJWT/verify HTTP/1.1\r\nHost: x\r\n';
    const body = `${head}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"token":`;
    const start = performance.now();
    const slow = await Promise.all(
      Array.from({ length: 200 }, (_, index) => open(index % 2 ? head : body)),
    );
    const others = await Promise.all(
      Array.from({ length: 20 }, () => server.client.get('/health/ready')),
    );
    expect(others.map(({ status }) => status)).toEqual(others.map(() => 200));
    expect(performance.now() - start).toBeLessThan(5000);

    const answers = await Promise.all(slow.map((socket) => readText(socket).catch(() => '')));
    expect((performance.now() - start) / 1000).toBeLessThan(LIMIT);
    for (const answer of answers) expect(answer).toMatch(/^(HTTP\/1\.1 408 |$)/);
    expect((await server.client.get('/health/live')).status).toBe(200);
  });
});
