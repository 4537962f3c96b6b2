import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { TimeoutDroppingClient } from '../../src/database/timeout-dropping-client.js';
import { VerifyingClient } from '../../src/database/verifying-client.js';
import { FeedConnection } from '../../src/feed/feed-connection.js';
import { TestClient } from '../support/client.js';
import { WELCOMES, startImpostor, type Impostor } from '../support/impostor.js';
import { spawnServer } from '../support/process.js';
import { temporaryFolder } from '../support/test-postgres.js';
import { within } from '../support/within.js';

jest.setTimeout(120_000);

const PASSWORD = 'the-password-of-the-database';
const UNPROVED = 'did not prove by SCRAM who it is';

const address = (port: number): string =>
  `postgres://simplejwt:${PASSWORD}@127.0.0.1:${port}/x?require_auth=scram-sha-256`;

describe('a program that has taken the port of a database', () => {
  let impostor: Impostor;

  afterEach(() => impostor.stop());

  it.each(WELCOMES)('gets no password and is not believed with %s', async (welcome) => {
    impostor = await startImpostor(0, [welcome]);
    for (const Client of [VerifyingClient, TimeoutDroppingClient]) {
      const client = new Client({ connectionString: address(impostor.port) });
      client.on('error', () => undefined);
      await expect(client.connect()).rejects.toThrow(UNPROVED);
    }
    const events = { onNotification: () => undefined, onLost: () => undefined };
    await expect(
      FeedConnection.open({ connectionString: address(impostor.port) }, events),
    ).rejects.toThrow(UNPROVED);
    expect(impostor.visits()).toBe(3);
    expect(impostor.received()).toContain('simplejwt');
    expect(impostor.received()).not.toContain(PASSWORD);
    expect(impostor.received()).not.toMatch(/md5[0-9a-f]{32}/);
  });
});

describe('an embedded database that dies', () => {
  let folder: string;

  beforeAll(() => {
    folder = temporaryFolder();
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function postmaster(): { pid: number; port: number } {
    const lines = readFileSync(join(folder, 'data', 'postgres', 'postmaster.pid'), 'utf8').split(
      '\n',
    );
    return { pid: Number(lines[0]), port: Number(lines[3]) };
  }

  async function takePort(port: number): Promise<Impostor> {
    for (;;) {
      try {
        return await startImpostor(port);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
        await pause(5);
      }
    }
  }

  it('gives its password to nobody who takes its port, and is started again when that is free', async () => {
    const server = await spawnServer({ DATA_DIR: join(folder, 'data') });
    const [, username = '', password = ''] = /(\S+) \/ (\S+)$/m.exec(server.output()) ?? [];
    const client = new TestClient(server.url);
    const { access } = await client.login(username, password);
    const secret = readFileSync(join(folder, 'data', 'postgres-password'), 'utf8').trim();
    const { pid, port } = postmaster();
    process.kill(pid, 'SIGKILL');
    const impostor = await takePort(port);
    // Each way of asking comes to the feed, the pool and a log-in, and nobody is believed.
    await within(
      20_000,
      async () => {
        expect((await fetch(`${server.url}/health/ready`)).status).toBe(503);
        return impostor.visits();
      },
      (visits) => visits > 3 * WELCOMES.length,
    );
    expect(impostor.visits()).toBeGreaterThan(3 * WELCOMES.length);
    expect((await client.me(access)).status).toBe(503);
    expect(impostor.received()).not.toContain(secret);
    expect(impostor.received()).not.toMatch(/md5[0-9a-f]{32}/);
    await impostor.stop();
    const ready = await within(
      30_000,
      async () => (await fetch(`${server.url}/health/ready`)).status,
      (status) => status === 200,
    );
    expect(ready).toBe(200);
    expect((await client.me(access)).status).toBe(200);
    expect(postmaster()).toEqual({ pid: expect.any(Number), port });
    expect(server.output()).toContain('has died; it is started again');
    expect(server.output()).not.toContain(secret);
    await server.stop();
    // Its end is the end of the new one, too: a server that has ended leaves no such file.
    expect(postmaster).toThrow('ENOENT');
  });
});
