import { createRemoteJWKSet, jwtVerify, type JSONWebKeySet } from 'jose';
import type { Pair, TestClient } from '../support/client.js';
import { runCommand } from '../support/command.js';
import { query } from '../support/databases.js';
import { KEY_ENCRYPTION_KEY, headerOf, openKeys, type TestKeys } from '../support/key-ring.js';
import { PROMISED, soon } from '../support/soon.js';
import { SIGNING_KEY } from '../support/tokens.js';
import { startTwoServers, type TwoServers } from '../support/two-servers.js';
import { within } from '../support/within.js';

jest.setTimeout(120_000);

const ENV = { KEY_ENCRYPTION_KEY };

/** Refreshes at one server and shows the access token to the other, in turns, without a pause. */
class Wanderer {
  readonly problems: string[] = [];
  requests = 0;
  private isDone = false;
  private readonly work: Promise<void>;

  constructor(
    private readonly servers: readonly [TestClient, TestClient],
    private pair: Pair,
  ) {
    this.work = this.run();
  }

  async stop(): Promise<void> {
    this.isDone = true;
    await this.work;
  }

  private async run(): Promise<void> {
    let [here, there] = this.servers;
    while (!this.isDone) {
      const refreshed = await here.refresh(this.pair.refresh);
      if (refreshed.status === 200) this.pair = refreshed.body;
      const shown = await there.me(this.pair.access);
      for (const { status, text } of [refreshed, shown]) {
        if (status !== 200) this.problems.push(`${status} ${text}`);
      }
      this.requests += 2;
      [here, there] = [there, here];
    }
  }
}

describe('rotating keys on two servers', () => {
  let pair: TwoServers;
  let ring: TestKeys;
  let user: number;

  beforeAll(async () => {
    pair = await startTwoServers(ENV);
    ring = await openKeys(pair.database);
    user = await pair.createUser('alice', 'secret');
  });

  afterEach(() => query(pair.database, 'DELETE FROM auth_signing_key'));

  afterAll(async () => {
    await ring.close();
    await pair.stop();
  });

  it('fails no request under load, and what was signed before goes on verifying', async () => {
    const { a, b } = pair;
    const beforeRing = await pair.openSession(user);
    const wanderers = await Promise.all(
      Array.from({ length: 4 }, async () => new Wanderer([a, b], await pair.openSession(user))),
    );
    const env = { DATABASE_URL: pair.database, SIMPLE_JWT_SIGNING_KEY: SIGNING_KEY, ...ENV };
    const tokens: Pair[] = [];
    for (const isAnnounced of [false, true, false]) {
      if (isAnnounced) await ring.keys.generate();
      expect(await runCommand(['keys', 'rotate'], env)).toMatchObject({ code: 0 });
      const login = await a.login('alice', 'secret');
      tokens.push(login);
      // The other server may not have heard of the key that this one has just signed with.
      expect((await b.me(login.access)).status).toBe(200);
    }
    await Promise.all(wanderers.map((wanderer) => wanderer.stop()));
    expect(wanderers.flatMap(({ problems }) => problems)).toEqual([]);
    for (const { requests } of wanderers) expect(requests).toBeGreaterThan(20);

    const kids = tokens.map(({ access }) => headerOf(access).kid);
    const listed = await ring.keys.list();
    expect(listed.map(({ state }) => state)).toEqual(['retired', 'retired', 'signing']);
    expect(kids).toEqual(listed.map(({ kid }) => kid));
    for (const client of [a, b]) {
      for (const { access } of [beforeRing, ...tokens]) {
        expect((await client.me(access)).status).toBe(200);
      }
    }
    const refreshed = await b.refresh(beforeRing.refresh);
    expect(headerOf(refreshed.body.refresh).kid).toBe(kids[2]);
    expect((await a.refresh(tokens[0]!.refresh)).status).toBe(200);
  });

  it('is told by no node to another: a token of a key that nobody has heard of is waited for', async () => {
    const { a, b } = pair;
    for (let round = 0; round < 10; round++) {
      await ring.rotate();
      const { access } = (await a.refresh((await pair.openSession(user)).refresh)).body;
      expect((await b.me(access)).status).toBe(200);
    }
  });

  it('ends a retired key on the second, also for tokens that were verified before', async () => {
    const { a, b } = pair;
    const kid = await ring.rotate();
    const { access, refresh } = await a.login('alice', 'secret');
    expect(headerOf(access).kid).toBe(kid);
    await ring.rotate();
    for (const client of [a, b]) expect((await client.me(access)).status).toBe(200);
    const [row] = await query<{ end: Date }>(
      pair.database,
      `UPDATE auth_signing_key SET verifies_until = now() + interval '1.5 s' WHERE kid = $1
       RETURNING verifies_until AS end`,
      [kid],
    );
    for (const client of [a, b]) {
      const accepted = await lastAccepted(client, access);
      expect(accepted).toBeLessThan(row!.end.getTime() + 5);
      expect((await client.refresh(refresh)).body).toMatchObject({ code: 'token_not_valid' });
    }
  });

  it('shuts a compromised key out everywhere within a second', async () => {
    const { a, b } = pair;
    const old = await ring.rotate();
    const { access, refresh } = await a.login('alice', 'secret');
    for (const client of [a, b]) expect((await client.me(access)).status).toBe(200);
    const { signing, retired } = await ring.keys.retire(old, { now: true });
    expect(retired).toMatchObject({ kid: old, state: 'ended' });
    for (const client of [a, b]) {
      const refused = await soon(401, () => client.me(access));
      expect(refused.body).toMatchObject({ code: 'token_not_valid' });
      expect((await client.refresh(refresh)).status).toBe(401);
      expect((await client.verify(access)).status).toBe(401);
    }
    const login = await b.login('alice', 'secret');
    expect(headerOf(login.access).kid).toBe(signing!.kid);
    expect((await a.me(login.access)).status).toBe(200);
  });

  it('is followed by an independent library through the JWK Set', async () => {
    const url = new URL(`${pair.servers[1]!.url}/.well-known/jwks.json`);
    for (const algorithm of ['ES256', 'EdDSA', 'RS256', 'PS384'] as const) {
      const set = createRemoteJWKSet(url);
      const next = await ring.keys.generate(algorithm);
      // The library asks again every half minute at most: it must find the key before that one signs.
      await within(PROMISED, () => set.reload().then(() => set.jwks()), listsKey(next.kid));
      const kid = await ring.rotate();
      expect(kid).toBe(next.kid);
      const { access } = (await pair.a.refresh((await pair.openSession(user)).refresh)).body;
      const { protectedHeader, payload } = await jwtVerify(access, set);
      expect(protectedHeader).toEqual({ alg: algorithm, typ: 'JWT', kid });
      expect(payload['user_id']).toBe(String(user));
      expect((await pair.b.me(access)).status).toBe(200);
    }
  });

  it('leaves the ring again, with all that it signed still good', async () => {
    const { a, b } = pair;
    const kid = await ring.rotate();
    const inRing = await a.login('alice', 'secret');
    expect(headerOf(inRing.access).kid).toBe(kid);
    await ring.keys.retire(kid, { successor: false });
    const outside = await within(
      PROMISED,
      () => b.login('alice', 'secret'),
      ({ access }) => headerOf(access).kid === undefined,
    );
    expect(headerOf(outside.access)).toEqual({ alg: 'HS256', typ: 'JWT' });
    for (const { access } of [inRing, outside]) expect((await a.me(access)).status).toBe(200);
  });
});

describe('a retired key', () => {
  it('verifies as long as the longest token of any server that signed with it', async () => {
    const pair = await startTwoServers({ ...ENV, SIMPLE_JWT_REFRESH_TOKEN_LIFETIME: '30d' });
    // The shell of the operator knows nothing of the servers' lifetimes.
    const ring = await openKeys(pair.database, { refreshTokenLifetime: 3600 });
    const kid = await ring.rotate();
    await pair.createUser('alice', 'secret');
    const { access } = await pair.a.login('alice', 'secret');
    expect(headerOf(access).kid).toBe(kid);
    const { retired } = await ring.keys.rotate();
    const seconds = (retired!.verifiesUntil! - retired!.retiredAt!) / 1000;
    expect(seconds).toBeCloseTo(30 * 86_400 + 60, 3);
    await ring.close();
    await pair.stop();
  });
});

/** When the server accepted a token for the last time, ms since the epoch; it must refuse it within five seconds. */
async function lastAccepted(client: TestClient, access: string): Promise<number> {
  const start = Date.now();
  let accepted = 0;
  while (Date.now() < start + 5000) {
    const asked = Date.now();
    if ((await client.me(access)).status === 401) return accepted;
    accepted = asked;
  }
  throw new Error('the token is still accepted');
}

function listsKey(kid: string): (set: JSONWebKeySet | undefined) => boolean {
  return (set) => set?.keys.some((key) => key.kid === kid) ?? false;
}
