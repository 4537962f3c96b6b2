import { createServer, request as send, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthModule } from '../../src/index.js';
import {
  PLATFORMS,
  SIGNING_KEY,
  hostDatabase,
  hostTypeOrm,
  startHost,
  stopHosts,
  type Platform,
} from '../e2e/hosts/host.js';
import { TestClient } from '../support/client.js';
import { query } from '../support/databases.js';
import { LogLines } from '../support/log-lines.js';
import { startTestServer } from '../support/server.js';

jest.setTimeout(60_000);

const PASSWORD = 'a good password';
const WARNING = /Forwarding headers come from 127\.0\.0\.1, .*TRUSTED_PROXIES=127\.0\.0\.1/g;

let proxy: Server | null = null;

afterEach(() => proxy?.close());
afterAll(stopHosts);

/** A proxy as operators put it in front: it names the client, and believes what the client says of itself. */
async function proxyTo(url: string): Promise<TestClient> {
  proxy = createServer((incoming, outgoing) => {
    const headers = { 'x-forwarded-for': '198.51.100.7', ...incoming.headers };
    const upstream = send(url + incoming.url, { method: incoming.method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(upstream);
  });
  await new Promise<void>((resolve) => proxy?.listen(0, '127.0.0.1', resolve));
  return new TestClient(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
}

async function logOf(
  env: Record<string, string>,
  headers: Record<string, string>,
): Promise<string> {
  const logger = new LogLines();
  const server = await startTestServer({ env, logger });
  await server.createUser({ username: 'alice', password: PASSWORD });
  const body = { username: 'alice', password: 'wrong' };
  for (let time = 0; time < 5; time += 1) {
    await server.client.post('/login/simpleJWT', body, headers);
  }
  await server.stop();
  return logger.text();
}

const XFF = { 'x-forwarded-for': '198.51.100.7' };

describe('a proxy that TRUSTED_PROXIES does not name', () => {
  it('is warned of once, with the setting to give', async () => {
    for (const headers of [XFF, { forwarded: 'for=198.51.100.7' }]) {
      const log = await logOf({}, headers);
      expect(log.match(WARNING)).toHaveLength(1);
      expect(log).not.toContain('198.51.100.7');
    }
  });

  it('is warned of where others are named, and not where it is named or no header comes', async () => {
    expect((await logOf({ TRUSTED_PROXIES: '10.0.0.0/8' }, XFF)).match(WARNING)).toHaveLength(1);
    expect(await logOf({ TRUSTED_PROXIES: '127.0.0.1' }, XFF)).not.toMatch(WARNING);
    expect(await logOf({}, {})).not.toMatch(WARNING);
  });

  it.each(PLATFORMS)('is warned of in a host: %s', async (platform: Platform) => {
    const logger = new LogLines();
    const database = await hostDatabase('proxy');
    @Module({
      imports: [
        TypeOrmModule.forRoot(hostTypeOrm(database)),
        AuthModule.forRoot({ signingKey: SIGNING_KEY }),
      ],
    })
    class AppModule {}
    const host = await startHost(AppModule, { platform, logger });
    const client = await proxyTo(host.url);
    for (let time = 0; time < 3; time += 1) await client.obtain('nobody', 'wrong');
    expect(logger.text().match(WARNING)).toHaveLength(1);
    await stopHosts();
  });

  it('makes nobody behind it known: its address is not theirs', async () => {
    const server = await startTestServer({ env: { SIMPLE_JWT_LOGIN_LIMIT: '3/15m' } });
    await server.createUser({ username: 'alice', password: PASSWORD });
    const client = await proxyTo(server.url);
    await client.login('alice', PASSWORD);
    expect(await query(server.database, 'SELECT FROM auth_known_client')).toEqual([]);
    await server.client.login('alice', PASSWORD);
    expect(await query(server.database, 'SELECT FROM auth_known_client')).toHaveLength(1);
    await server.stop();
  });
});
