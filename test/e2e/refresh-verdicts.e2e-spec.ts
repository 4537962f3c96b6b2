import type { Answer, Pair } from '../support/client.js';
import { query, truncateTables } from '../support/databases.js';
import {
  HOME,
  OTHER_NETWORK,
  OTHER_PROGRAM,
  PlacedClient,
  STRANGER,
  type Place,
} from '../support/placed-client.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { soon } from '../support/soon.js';
import { claimsOf } from '../support/tokens.js';

jest.setTimeout(30_000);

const PASSWORD = 'a good password';

/** The body of a refusal that is about the session. */
const refused = (reason: string) => ({
  status: 401,
  body: { detail: 'Token is blacklisted', code: 'token_not_valid', reason },
});

let server: TestServer;

/** Runs a server with these settings for the tests of a block. */
function serve(env: Record<string, string> = {}): void {
  beforeAll(async () => {
    server = await startTestServer({ env: { SIMPLE_JWT_PROFILE: 'secure', ...env } });
  });
  beforeEach(async () => {
    await truncateTables(server.database);
    await server.createUser({ username: 'alice', password: PASSWORD });
  });
  afterAll(() => server.stop());
}

const at = (place: Place) => new PlacedClient(server.url, place);
const login = () => at(HOME).login('alice', PASSWORD);
const refresh = (token: string, place = HOME) => at(place).refresh(token);
const generation = (token: string) => claimsOf(token)['gen'];

/** A refresh that must be answered, and the refresh token of the answer. */
async function next(token: string, place = HOME): Promise<string> {
  const answer = await refresh(token, place);
  expect(answer).toMatchObject({ status: 200 });
  return answer.body.refresh;
}

/** The refresh tokens of a session: of the log-in and of so many refreshes. */
async function line(refreshes: number): Promise<string[]> {
  const tokens = [(await login()).refresh];
  while (tokens.length <= refreshes) tokens.push(await next(tokens.at(-1)!));
  return tokens;
}

/** The one session, without what no verdict is about. */
async function row(): Promise<Record<string, unknown>> {
  const rows = await query(server.database, 'SELECT to_jsonb(s) AS row FROM auth_session s');
  expect(rows).toHaveLength(1);
  return rows[0]!['row'] as Record<string, unknown>;
}

/** Lets so many seconds pass for what the database remembers of rotations. */
const pass = (seconds: number) =>
  query(
    server.database,
    `UPDATE auth_session SET superseded_at =
      ARRAY(SELECT t - $1 FROM unnest(superseded_at) WITH ORDINALITY u(t, n) ORDER BY n)`,
    [seconds],
  );

/** Expects a request to write nothing at all. */
async function withoutTrace<T>(act: () => Promise<T>): Promise<T> {
  const before = await row();
  const result = await act();
  await expect(row()).resolves.toEqual(before);
  return result;
}

/** Expects the answer of a token that has ended its session. */
async function expectEnded(answer: Answer): Promise<void> {
  expect(answer).toMatchObject(refused('reused'));
  const revoked = { revoke_reason: 'reused', revoked_at: expect.any(String) };
  await expect(row()).resolves.toMatchObject(revoked);
}

describe('the current refresh token', () => {
  serve();

  it('rotates: the next generation, with the presented one as its parent', async () => {
    const { refresh: first } = await login();
    expect(generation(first)).toBe(0);
    const answer = await refresh(first);
    expect(Object.keys(answer.body).toSorted()).toEqual(['access', 'refresh']);
    expect(claimsOf(answer.body.refresh)).toMatchObject({
      sid: claimsOf(first)['sid'],
      gen: 1,
      user_id: '1',
      token_type: 'refresh',
    });
    expect(claimsOf(answer.body.access)).toMatchObject({ sid: claimsOf(first)['sid'] });
    expect(claimsOf(answer.body.access)).not.toHaveProperty('gen');
    await expect(row()).resolves.toMatchObject({
      generation: 1,
      parent_generation: 0,
      superseded_at: [expect.any(Number)],
      revoked_at: null,
    });
    expect((await at(HOME).me(answer.body.access)).status).toBe(200);
  });

  it('rotates wherever it comes from', async () => {
    const [, current] = await line(1);
    expect(generation(await next(current!, STRANGER))).toBe(2);
  });

  it('adds no row, and remembers the last eight rotations', async () => {
    await line(11);
    const { superseded_at: times, generation: count } = await row();
    expect(count).toBe(11);
    expect(times).toHaveLength(8);
    expect(times).toEqual((times as number[]).toSorted((a, b) => b - a));
  });

  it('rotates also where the database has lost the commits that made it', async () => {
    const [, , , third] = await line(3);
    await query(
      server.database,
      `UPDATE auth_session SET generation = 1, parent_generation = 0,
        superseded_at = ARRAY[extract(epoch FROM now())::float8]`,
    );
    expect(generation(await next(third!, STRANGER))).toBe(4);
    await expect(row()).resolves.toMatchObject({
      generation: 4,
      parent_generation: 3,
      superseded_at: [expect.any(Number)],
    });
  });
});

describe('the parent of the current token', () => {
  serve();

  it('gets the identical successor again from the same client, and writes nothing', async () => {
    const { refresh: first } = await login();
    const { body } = await refresh(first);
    for (const seconds of [0, 3600]) {
      await pass(seconds);
      const again = await withoutTrace(() => refresh(first));
      expect(again.body.refresh).toBe(body.refresh);
      expect(claimsOf(again.body.access)['jti']).not.toBe(claimsOf(body.access)['jti']);
      expect((await at(HOME).me(again.body.access)).status).toBe(200);
    }
  });

  it.each([
    ['another network', OTHER_NETWORK],
    ['another program on the same network', OTHER_PROGRAM],
  ])('gets the identical successor from %s within the grace period only', async (_where, place) => {
    const [parent, current] = await line(1);
    await pass(55);
    const within = await withoutTrace(() => refresh(parent!, place));
    expect(within.body.refresh).toBe(current);
    await pass(10);
    const answer = await refresh(parent!, place);
    expect(answer.status).toBe(200);
    expect(generation(answer.body.refresh)).toBe(2);
  });

  it('is recovered from elsewhere: the unused successor dies, and its use ends the session', async () => {
    const [parent, dead] = await line(1);
    const recovered = await next(parent!, STRANGER);
    expect(generation(recovered)).toBe(2);
    await expect(row()).resolves.toMatchObject({ generation: 2, parent_generation: 0 });
    await expect(at(HOME).verify(dead!)).resolves.toMatchObject({ status: 400 });
    await expectEnded(await refresh(dead!, HOME));
    await expect(refresh(recovered, STRANGER)).resolves.toMatchObject(refused('session_ended'));
  });

  it('is the same client when neither request has a user agent', async () => {
    const [parent] = await line(0);
    const quiet = { ...HOME, userAgent: null };
    const current = await next(parent!, quiet);
    await pass(3600);
    await expect(refresh(parent!, quiet)).resolves.toMatchObject({ body: { refresh: current } });
  });

  it('is the same client when user agents differ only behind what the row keeps', async () => {
    const [parent] = await line(0);
    const long = (end: string) => ({ ...HOME, userAgent: 'x'.repeat(128) + end });
    const current = await next(parent!, long('one'));
    await pass(3600);
    const again = await refresh(parent!, long('other'));
    expect(again.body.refresh).toBe(current);
  });
});

describe('a displaced token', () => {
  serve();

  /** The tokens of a session whose parent came back from a moved client before its successor was used. */
  async function displaced(): Promise<{ dead: string; current: string }> {
    const [parent, dead] = await line(1);
    await pass(3600);
    return { dead: dead!, current: await next(parent!, OTHER_NETWORK) };
  }

  it('gets the current one from the client that displaced it', async () => {
    const { dead, current } = await displaced();
    await pass(3600);
    const answer = await withoutTrace(() => refresh(dead, OTHER_NETWORK));
    expect(answer.body.refresh).toBe(current);
  });

  it('is stale nearby within the grace period, and the session lives', async () => {
    const { dead, current } = await displaced();
    const answer = await withoutTrace(() => refresh(dead, HOME));
    expect(answer).toMatchObject(refused('stale'));
    expect(generation(await next(current, OTHER_NETWORK))).toBe(3);
  });

  it('ends the session nearby after the grace period', async () => {
    const { dead } = await displaced();
    await pass(61);
    await expectEnded(await refresh(dead, HOME));
  });
});

describe('a token older than the parent', () => {
  serve();

  it('is stale from the same client however old, and the session lives', async () => {
    const [first, , current] = await line(2);
    for (const seconds of [0, 86_400]) {
      await pass(seconds);
      const answer = await withoutTrace(() => refresh(first!));
      expect(answer).toMatchObject(refused('stale'));
    }
    expect(generation(await next(current!))).toBe(3);
  });

  it.each([
    ['another network', OTHER_NETWORK],
    ['another program on the same network', OTHER_PROGRAM],
  ])('is stale from %s within the grace period, and ends the session after', async (_at, place) => {
    const [first] = await line(2);
    await pass(55);
    expect(await withoutTrace(() => refresh(first!, place))).toMatchObject(refused('stale'));
    await pass(10);
    await expectEnded(await refresh(first!, place));
  });

  it('ends the session at once from another program on another network, and no other session', async () => {
    const kept = await login();
    const { refresh: first } = await login();
    const current: Pair = (await refresh(await next(first))).body;
    expect((await at(HOME).me(current.access)).status).toBe(200);
    expect(await refresh(first, STRANGER)).toMatchObject(refused('reused'));

    expect(await refresh(current.refresh)).toMatchObject(refused('session_ended'));
    const guarded = await soon(401, () => at(HOME).me(current.access));
    expect(guarded).toMatchObject({
      status: 401,
      body: {
        detail: 'Given token not valid for any token type',
        code: 'token_not_valid',
        messages: [
          { token_class: 'AccessToken', token_type: 'access', message: 'Token is blacklisted' },
        ],
      },
    });
    expect((await at(HOME).me(kept.access)).status).toBe(200);
    expect((await refresh(kept.refresh)).status).toBe(200);
  });

  it('ends the session when its rotation is not remembered any more', async () => {
    const [first] = await line(10);
    await expectEnded(await refresh(first!, OTHER_NETWORK));
  });

  it('ends the session once: the second use of it is told that the session has ended', async () => {
    const [first] = await line(2);
    await expectEnded(await refresh(first!, STRANGER));
    const again = await withoutTrace(() => refresh(first!, STRANGER));
    expect(again).toMatchObject(refused('session_ended'));
  });
});

describe('with REUSE_ENDS_SESSION=always', () => {
  serve({ SIMPLE_JWT_REUSE_ENDS_SESSION: 'always' });

  it('an older token ends the session, also from the same client within the grace period', async () => {
    const [first] = await line(2);
    await expectEnded(await refresh(first!, HOME));
  });

  it('the parent is replayed all the same', async () => {
    const [parent, current] = await line(1);
    await expect(refresh(parent!)).resolves.toMatchObject({ body: { refresh: current } });
  });
});

describe('with REUSE_ENDS_SESSION=never', () => {
  serve({ SIMPLE_JWT_REUSE_ENDS_SESSION: 'never' });

  it('an older token is stale wherever it comes from', async () => {
    const [first, , current] = await line(2);
    await pass(3600);
    expect(await withoutTrace(() => refresh(first!, STRANGER))).toMatchObject(refused('stale'));
    expect(generation(await next(current!))).toBe(3);
  });
});

describe('with a grace period of 0s', () => {
  serve({ SIMPLE_JWT_ROTATION_GRACE_PERIOD: '0s' });

  it('nothing is replayed: the parent is recovered, and its first successor is stale', async () => {
    const [parent, dead] = await line(1);
    const current = await next(parent!);
    expect(generation(current)).toBe(2);
    expect(await withoutTrace(() => refresh(dead!))).toMatchObject(refused('stale'));
    expect(generation(await next(current))).toBe(3);
  });

  it('an older token ends the session from nearby at once', async () => {
    const [first] = await line(2);
    await expectEnded(await refresh(first!, OTHER_NETWORK));
  });
});

describe('with recovery switched off', () => {
  serve({ SIMPLE_JWT_ROTATION_RECOVERY: 'false' });

  it('the parent is replayed nearby in grace, and ends the session after', async () => {
    const [parent, current] = await line(1);
    expect(await next(parent!, OTHER_NETWORK)).toBe(current);
    await pass(61);
    await expectEnded(await refresh(parent!, OTHER_NETWORK));
  });

  it('the parent ends the session at once from elsewhere', async () => {
    const [parent] = await line(1);
    await expectEnded(await refresh(parent!, STRANGER));
  });
});

describe('with rotation switched off', () => {
  serve({ SIMPLE_JWT_ROTATE_REFRESH_TOKENS: 'false' });

  it('a refresh answers an access token alone, and generations stand still', async () => {
    const { refresh: token } = await login();
    for (const place of [HOME, STRANGER, HOME]) {
      const answer = await withoutTrace(() => refresh(token, place));
      expect(answer.status).toBe(200);
      expect(Object.keys(answer.body)).toEqual(['access']);
      expect((await at(HOME).me(answer.body.access)).status).toBe(200);
    }
    await at(HOME).blacklist(token);
    expect(await refresh(token)).toMatchObject(refused('session_ended'));
  });
});

describe('with a SESSION_MAX_LIFETIME shorter than a refresh token', () => {
  serve({
    SIMPLE_JWT_SESSION_MAX_LIFETIME: '2h',
    SIMPLE_JWT_AUTH_TOKEN_CLASSES: 'AccessToken,SlidingToken',
  });

  it('no refresh token outlives the session, however often it is rotated', async () => {
    const [first, second] = await line(1);
    const { iat, exp } = claimsOf(first!);
    expect(Number(exp) - Number(iat)).toBe(7200);
    expect(claimsOf(second!)['exp']).toBe(exp);
    await query(
      server.database,
      `UPDATE auth_session SET ends_at = now() + interval '90 s', rotated_at = now() - interval '2 h'`,
    );
    const { iat: later, exp: end } = claimsOf(await next(second!));
    expect(Number(end) - Number(later)).toBeGreaterThanOrEqual(89);
    expect(Number(end) - Number(later)).toBeLessThanOrEqual(90);
  });

  it('nothing of a session is accepted behind its end', async () => {
    const { refresh: token, access } = await login();
    await query(server.database, `UPDATE auth_session SET ends_at = now() - interval '1 s'`);
    expect(await refresh(token)).toMatchObject(refused('session_ended'));
    expect((await at(HOME).verify(token)).status).toBe(400);
    expect((await at(HOME).me(access)).status).toBe(401);
    expect((await at(HOME).obtain('alice', PASSWORD)).status).toBe(200);
  });

  it('a sliding token cannot be extended behind the end of its session', async () => {
    const credentials = { username: 'alice', password: PASSWORD };
    const given = await at(HOME).post<{ token: string }>('/login/simpleJWT/sliding', credentials);
    const { token } = given.body;
    const { iat, refresh_exp: end } = claimsOf(token);
    expect(Number(end) - Number(iat)).toBe(7200);
    const extend = () =>
      at(HOME).post<{ token: string }>('/login/simpleJWT/sliding/refresh', { token });
    const extended = await extend();
    expect(claimsOf(extended.body.token)).toMatchObject({
      refresh_exp: end,
      sid: claimsOf(token)['sid'],
    });
    await query(server.database, `UPDATE auth_session SET ends_at = now() - interval '1 s'`);
    expect((await extend()).status).toBe(401);
    expect((await at(HOME).me(extended.body.token)).status).toBe(401);
  });
});
