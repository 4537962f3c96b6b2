import { once } from 'node:events';
import { AccountModule } from '../../src/index.js';
import { hostModule, startGuardedHost } from '../e2e/contexts/guarded-host.js';
import { stopHosts } from '../e2e/hosts/host.js';
import { TestClient } from '../support/client.js';
import { startTestServer } from '../support/server.js';
import { beginUpload, sendPiece, uploadThenRead } from '../support/upload.js';

jest.setTimeout(120_000);

const MEBIBYTE = 1_048_576;
/** How often what could go well by chance has to go well. */
const TIMES = 30;
const LOGIN = 'POST /login/simpleJWT';

describe.each(['the server', 'a host on fastify', 'a host on express'])('%s', (which) => {
  let url: string;
  let stop: () => Promise<void>;

  beforeAll(async () => {
    if (which === 'the server') {
      ({ url, stop } = await startTestServer());
      return;
    }
    const platform = which.endsWith('express') ? 'express' : 'fastify';
    const module = await hostModule(`uploads_${platform}`, { imports: [AccountModule] });
    ({ url } = await startGuardedHost(module, { platform }));
    stop = stopHosts;
  });
  afterAll(() => stop());

  describe.each([
    ['with its length', false],
    ['in chunks', true],
  ])('sent a body that is too large, %s,', (_how, isChunked) => {
    it('answers 413 to a client that reads when it has sent all, every time', async () => {
      const upload = { line: LOGIN, size: 16 * MEBIBYTE, isChunked };
      for (let time = 0; time < TIMES; time += 1) {
        expect(await uploadThenRead(url, upload)).toEqual({
          status: 413,
          body: '{"detail":"Request body is too large."}',
          error: undefined,
        });
      }
    });

    it('answers at once, while the client is still sending', async () => {
      const upload = { line: LOGIN, size: 3 * MEBIBYTE, isChunked };
      const socket = await beginUpload(url, upload);
      for (let piece = 0; piece < 3; piece += 1) await sendPiece(socket, isChunked);
      const [answer] = (await once(socket, 'data')) as [Buffer];
      expect(answer.toString()).toMatch(/^HTTP\/1\.1 413 /);
      expect(answer.toString()).toMatch(/{"detail":"Request body is too large."}$/);
      socket.destroy();
    });

    it('does not read on for ever', async () => {
      const socket = await beginUpload(url, { line: LOGIN, size: 1024 * MEBIBYTE, isChunked });
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.on('error', () => undefined).resume();
      let sent = 0;
      for (; !socket.destroyed && sent < 256 * MEBIBYTE; sent += 65_536) {
        await sendPiece(socket, isChunked);
      }
      await closed;
      // What waits in buffers counts as sent.
      expect(sent).toBeLessThan(128 * MEBIBYTE);
    });
  });

  it('answers fetch as well, every time', async () => {
    const client = new TestClient(url);
    for (let time = 0; time < TIMES; time += 1) {
      const answer = await client.obtain('alice', 'x'.repeat(8 * MEBIBYTE));
      expect(answer).toMatchObject({ status: 413, body: { detail: 'Request body is too large.' } });
    }
  });

  it.each([
    ['406', LOGIN, 406, ['Accept: text/html']],
    ['405', 'PUT /login/simpleJWT', 405, []],
    ['401', 'PUT /users/me', 401, []],
    ['a description', 'OPTIONS /login/simpleJWT', 200, []],
  ])(
    'also answers %s to a client that goes on sending and wants the connection closed',
    async (_what, line, status, headers) => {
      const upload = { line, size: 16 * MEBIBYTE, headers: ['Connection: close', ...headers] };
      for (let time = 0; time < TIMES / 3; time += 1) {
        const end = await uploadThenRead(url, { ...upload, isChunked: time % 2 === 0 });
        expect(end).toMatchObject({ status, error: undefined });
      }
    },
  );
});
