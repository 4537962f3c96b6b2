import { Logger } from '@nestjs/common';
import type { Pair } from '../support/client.js';
import { query } from '../support/databases.js';
import {
  HOME,
  OTHER_NETWORK,
  OTHER_PROGRAM,
  PlacedClient,
  STRANGER,
  type Place,
} from '../support/placed-client.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { HAS_REDIS, TestRedis } from '../support/test-redis.js';

jest.setTimeout(60_000);
Logger.overrideLogger(false);

const PASSWORD = 'a good password';
const LIMIT = 4;
/** Somebody in the owner's /24 who knows what the owner's browser calls itself. */
const NEIGHBOUR: Place = { ...HOME, localAddress: '127.0.0.77' };

let server: TestServer;
let redis: TestRedis | null = null;

async function start(env: Record<string, string> = {}): Promise<void> {
  server = await startTestServer({
    env: { SIMPLE_JWT_PROFILE: 'secure', SIMPLE_JWT_LOGIN_LIMIT: `${LIMIT}/15m`, ...env },
  });
  await server.createUser({ username: 'alice', password: PASSWORD });
}

afterEach(async () => {
  await server.stop();
  await redis?.stop();
  redis = null;
});

const at = (place: Place): PlacedClient => new PlacedClient(server.url, place);
const tryLogin = async (place: Place, password = PASSWORD): Promise<number> =>
  (await at(place).obtain('alice', password)).status;

async function guesses(place: Place, count = LIMIT): Promise<number[]> {
  const statuses: number[] = [];
  for (let guess = 0; guess < count; guess += 1) {
    statuses.push(await tryLogin(place, `guess ${guess}`));
  }
  return statuses;
}

const failed = (count: number): number[] => Array.from({ length: count }, () => 401);

async function change(place: Place, { access }: Pair, from: string, to: string): Promise<number> {
  const body = { old_password: from, new_password: to };
  const headers = { authorization: `Bearer ${access}` };
  return (await at(place).post('/users/me/password', body, headers)).status;
}

const STORES: [what: string, isHere: boolean, env: () => Promise<Record<string, string>>][] = [
  ['the session ledger', true, async () => ({})],
  ['LEDGER=django', true, async () => ({ SIMPLE_JWT_PROFILE: 'parity' })],
  [
    'counters in Redis',
    HAS_REDIS,
    async () => {
      redis = await TestRedis.start();
      return { REDIS_URL: redis.url };
    },
  ],
];

for (const [what, isHere, envOf] of STORES) {
  describe(`a stranger who guesses at one account (${what})`, () => {
    const each = isHere ? it : it.skip;

    beforeEach(async () => {
      if (isHere) await start(await envOf());
    });

    each('does not keep the owner from logging in where the owner has been before', async () => {
      const pair = await at(HOME).login('alice', PASSWORD);
      expect(await guesses(STRANGER)).toEqual(failed(LIMIT));
      expect(await tryLogin(STRANGER)).toBe(429);
      for (const stranger of [OTHER_NETWORK, OTHER_PROGRAM]) {
        expect(await tryLogin(stranger)).toBe(429);
      }
      expect(await tryLogin(HOME)).toBe(200);
      const updated = { ...HOME, userAgent: 'Browser/2.1_7' };
      expect(await tryLogin(updated)).toBe(200);
      expect(await change(HOME, pair, PASSWORD, 'another good one')).toBe(204);
    });

    each('gets no more guesses as a neighbour of the owner', async () => {
      await at(HOME).login('alice', PASSWORD);
      expect(await guesses(NEIGHBOUR, LIMIT + 2)).toEqual([...failed(LIMIT), 429, 429]);
      expect(await tryLogin(NEIGHBOUR)).toBe(429);
      // Nor does another program of the owner's give a limit of its own to the same network.
      expect(await guesses(OTHER_PROGRAM)).toEqual(failed(LIMIT));
      expect(await tryLogin(OTHER_PROGRAM)).toBe(429);
    });

    each('is none who has only the name: nobody is known by failing', async () => {
      expect(await guesses(HOME)).toEqual(failed(LIMIT));
      expect(await tryLogin(HOME)).toBe(429);
      expect(await query(server.database, 'SELECT FROM auth_known_client')).toEqual([]);
    });
  });
}

describe('who guesses at a password', () => {
  it('in an open session is counted there, and stands in nobody else’s way', async () => {
    await start();
    const [stolen, own] = [
      await at(HOME).login('alice', PASSWORD),
      await at(HOME).login('alice', PASSWORD),
    ];
    for (let guess = 0; guess < LIMIT; guess += 1) {
      expect(await change(STRANGER, stolen, `guess ${guess}`, 'taken over')).toBe(400);
    }
    expect(await change(STRANGER, stolen, PASSWORD, 'taken over')).toBe(429);
    // Also not by a new access token of the same session.
    const { body } = await at(HOME).refresh(stolen.refresh);
    expect(await change(STRANGER, body, PASSWORD, 'taken over')).toBe(429);
    expect(await tryLogin(STRANGER)).toBe(200);
    expect(await change(HOME, own, PASSWORD, 'another good one')).toBe(204);
  });

  it('at the log-in does not keep the owner from changing it, wherever the owner is', async () => {
    await start({ SIMPLE_JWT_LOGIN_LIMIT_ADDRESS: `${LIMIT}/15m` });
    const pair = await at(HOME).login('alice', PASSWORD);
    expect(await guesses(HOME)).toEqual(failed(LIMIT));
    expect(await tryLogin(HOME)).toBe(429);
    expect(await change(HOME, pair, PASSWORD, 'another good one')).toBe(204);
  });

  it('is a stranger again in a client that was last seen 30 days ago', async () => {
    await start();
    await at(HOME).login('alice', PASSWORD);
    await query(
      server.database,
      `UPDATE auth_known_client SET seen_at = now() - interval '30 days'`,
    );
    expect(await guesses(STRANGER)).toEqual(failed(LIMIT));
    expect(await tryLogin(HOME)).toBe(429);
  });

  it('finds no address, no user agent and no two equal clients in the database', async () => {
    await start();
    await server.createUser({ username: 'bob', password: PASSWORD });
    await at(HOME).login('alice', PASSWORD);
    await at(HOME).login('bob', PASSWORD);
    const rows = await query<{ client: string }>(
      server.database,
      'SELECT client FROM auth_known_client',
    );
    expect(new Set(rows.map(({ client }) => client)).size).toBe(2);
    for (const { client } of rows) expect(client).toMatch(/^[\w-]{32}$/);
  });
});

describe('who has a whole network of IPv6', () => {
  const from = (address: string) => ({ 'x-forwarded-for': address });
  const tryFrom = async (address: string, username: string, password = 'wrong') => {
    const body = { username, password };
    return (await server.client.post('/login/simpleJWT', body, from(address))).status;
  };

  it('gets 4 times the limit of an address for a /56, and 16 times for a /48', async () => {
    await start({
      SIMPLE_JWT_LOGIN_LIMIT: 'none',
      SIMPLE_JWT_LOGIN_LIMIT_ADDRESS: '1/15m',
      TRUSTED_PROXIES: '127.0.0.1',
    });
    const statuses: number[] = [];
    for (let subnet = 0; subnet < 256; subnet += 32) {
      // 8 networks of one /56, then 8 of the next one, and so on: 20 more than a /48 has attempts.
      for (let part = 0; part < 8; part += 1) {
        const group = ((subnet / 32) * 256 + part).toString(16);
        statuses.push(await tryFrom(`2001:db8:1:${group}::1`, `nobody${subnet}-${part}`));
      }
    }
    expect(statuses.filter((status) => status === 401)).toHaveLength(16);
    expect(statuses.slice(0, 8)).toEqual([...failed(4), 429, 429, 429, 429]);
    expect(await tryFrom('2001:db8:1:ffff::1', 'alice', PASSWORD)).toBe(429);
    expect(await tryFrom('2001:db8:2::1', 'alice', PASSWORD)).toBe(200);
    expect(await tryFrom('198.51.100.7', 'alice', PASSWORD)).toBe(200);
  });
});
