import { once } from 'node:events';
import { join } from 'node:path';
import { TestClient } from '../support/client.js';
import { truncateTables } from '../support/databases.js';
import { spawnServer } from '../support/process.js';
import { workerDatabase } from '../support/server.js';
import { SIGNING_KEY } from '../support/tokens.js';
import { beginUpload, sendPiece } from '../support/upload.js';

jest.setTimeout(60_000);

const MEBIBYTE = 1_048_576;
const LOGIN = 'POST /login/simpleJWT';
const EXPRESS = join(import.meta.dirname, '..', 'conformance', 'express-host.mjs');

describe.each([
  ['the server', undefined],
  ['a host on Express', EXPRESS],
])('%s', (_which, program) => {
  it('takes a client that hangs up in an upload for no error', async () => {
    const database = await workerDatabase();
    await truncateTables(database);
    const server = await spawnServer(
      { DATABASE_URL: database, SIMPLE_JWT_PROFILE: 'parity', SIMPLE_JWT_SIGNING_KEY: SIGNING_KEY },
      program,
    );
    for (const line of [LOGIN, 'POST /nowhere', 'PUT /users/me']) {
      for (const isChunked of [false, true]) {
        for (const size of [100_000, 3 * MEBIBYTE]) {
          const headers = ['Expect: 100-continue'];
          const socket = await beginUpload(server.url, { line, size, isChunked, headers });
          // The server has begun with the request.
          await once(socket, 'data');
          await sendPiece(socket, isChunked);
          socket.resetAndDestroy();
        }
        // A new connection comes behind those that broke, and so does the answer.
        expect((await new TestClient(server.url).obtain('alice', 'wrong')).status).toBe(401);
      }
    }
    await server.stop();
    expect(server.output()).not.toMatch(/ERROR|econnreset|ECONNRESET|aborted/);
  });
});
