import type { Pair } from '../support/client.js';
import {
  refused,
  UPDATED,
  NOBODY_KNOWN,
  logs,
  serve,
  startAnew,
  sql,
  at,
  login,
  refresh,
  generation,
  next,
  line,
  row,
  pass,
  withoutTrace,
  expectEnded,
  events,
} from '../support/one-session.js';
import { HOME, OTHER_NETWORK, OTHER_PROGRAM, STRANGER } from '../support/placed-client.js';
import { soon } from '../support/soon.js';
import { HEADER, claimsOf, forge } from '../support/tokens.js';

jest.setTimeout(30_000);

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

  it('adds no row, and remembers the last eight rotations in a row of at most 550 bytes', async () => {
    await line(11);
    const { superseded_at: times, generation: count } = await row();
    expect(count).toBe(11);
    expect(times).toHaveLength(8);
    expect(times).toEqual((times as number[]).toSorted((a, b) => b - a));
    const longest = `UPDATE auth_session SET user_agent = repeat('x', 128), recovered_parent = generation,
      created_ip = '2001:db8::1', last_ip = '2001:db8::1', revoked_at = now(), revoke_reason = 'reused',
      adopted_until = now()`;
    await sql(longest);
    const [size] = await sql('SELECT pg_column_size(s) AS n FROM auth_session s');
    expect(size!['n']).toBeLessThanOrEqual(550);
  });

  it('rotates also where the database has lost the commits that made it', async () => {
    const [, , , third] = await line(3);
    await sql(`UPDATE auth_session SET generation = 1, parent_generation = 0, recovered_parent = 0,
        superseded_at = ARRAY[extract(epoch FROM now())::float8]`);
    expect(generation(await next(third!, STRANGER))).toBe(4);
    await expect(row()).resolves.toMatchObject({
      generation: 4,
      parent_generation: 3,
      recovered_parent: null,
      superseded_at: [expect.any(Number)],
    });
  });

  it('ends the session, and no user is warned, where no lost commit explains it', async () => {
    const { refresh: token } = await login();
    const ahead = (by: number) => forge(HEADER, { ...claimsOf(token), gen: by });
    expect(generation(await next(ahead(1000)))).toBe(1001);
    expect(await refresh(ahead(2002))).toMatchObject({
      status: 401,
      body: { detail: 'Token is invalid', code: 'token_not_valid', reason: 'invalid' },
    });
    await expect(row()).resolves.toMatchObject({
      revoke_reason: 'invalid',
      revoked_at: expect.any(String),
    });
    const logged = { level: 'log', event: 'refresh_token_ahead', generation: 2002, current: 1001 };
    expect(logs.events('refresh_token')).toEqual([expect.objectContaining(logged)]);
  });
});

describe('the parent of the current token', () => {
  serve();

  it.each([
    ['client', HOME],
    ['client with a newer version', UPDATED],
  ])(
    'gets the identical successor again from the same %s, and writes nothing',
    async (_what, place) => {
      const { refresh: first } = await login();
      const { body } = await refresh(first);
      for (const seconds of [0, 3600]) {
        await pass(seconds);
        const again = await withoutTrace(() => refresh(first, place));
        expect(again.body.refresh).toBe(body.refresh);
        expect(claimsOf(again.body.access)['jti']).not.toBe(claimsOf(body.access)['jti']);
        expect((await at(HOME).me(again.body.access)).status).toBe(200);
      }
      expect(events()).toEqual([]);
    },
  );

  it.each([
    ['another network', OTHER_NETWORK, ['refresh_token_recovered']],
    ['another program on the same network', OTHER_PROGRAM, []],
  ])('is recovered from %s, fresh or not: the unused successor dies', async (_, place, logged) => {
    for (const seconds of [0, 3600]) {
      const [parent, dead] = await line(1);
      await pass(seconds);
      const recovered = await next(parent!, place);
      expect(generation(recovered)).toBe(2);
      await expect(row()).resolves.toMatchObject({
        generation: 2,
        parent_generation: 0,
        recovered_parent: null,
        superseded_at: [expect.any(Number), expect.any(Number)],
      });
      expect(events()).toEqual(logged);
      // Whoever used the dead one before holds it no more, and cannot follow unseen.
      expect(generation(await next(recovered, place))).toBe(3);
      await expectEnded(await refresh(dead!, NOBODY_KNOWN), { class: 'older', distance: 2 });
      await startAnew();
    }
  });

  it('tells the operator where a recovery came from', async () => {
    const [parent] = await line(1);
    await next(parent!, OTHER_NETWORK);
    const session = `session:${String((await row())['id']).replaceAll('-', '')}`;
    expect(logs.events('refresh_token')).toEqual([
      {
        level: 'log',
        event: 'refresh_token_recovered',
        actor: session,
        target: session,
        address: OTHER_NETWORK.localAddress,
        user: '1',
        generation: 0,
        current: 1,
        class: 'parent',
        distance: 1,
        fresh: true,
        sameUserAgent: true,
        network: 'other',
      },
    ]);
  });

  it('ends the session at once from another program on another network', async () => {
    const [parent, current] = await line(1);
    const evidence = { class: 'parent', distance: 1, sameUserAgent: false, network: 'other' };
    await expectEnded(await refresh(parent!, STRANGER), evidence);
    expect(await refresh(current!)).toMatchObject(refused('session_ended'));
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
    const long = (version: string, end: string) => ({
      ...HOME,
      userAgent: `Browser/${version} ${'x'.repeat(120)}${end}`,
    });
    const current = await next(parent!, long('9.1', 'one'));
    await pass(3600);
    const again = await refresh(parent!, long('10.0.1', 'other'));
    expect(again.body.refresh).toBe(current);
  });
});

describe('a token older than the parent', () => {
  serve();

  it.each([
    ['client', HOME],
    ['client with a newer version', UPDATED],
  ])('is stale from the same %s however old, and the session lives', async (_what, place) => {
    const [first, , current] = await line(2);
    for (const seconds of [0, 86_400]) {
      await pass(seconds);
      const answer = await withoutTrace(() => refresh(first!, place));
      expect(answer).toMatchObject(refused('stale'));
    }
    expect(generation(await next(current!))).toBe(3);
    expect(events()).toEqual([]);
  });

  it.each([
    ['another network', OTHER_NETWORK, ['refresh_token_stale']],
    ['another program on the same network', OTHER_PROGRAM, []],
  ])(
    'is stale from %s within the grace period, and ends the session after',
    async (_at, place, logged) => {
      const [first] = await line(2);
      await pass(175);
      expect(await withoutTrace(() => refresh(first!, place))).toMatchObject(refused('stale'));
      expect(events()).toEqual(logged);
      await pass(10);
      await expectEnded(await refresh(first!, place), { class: 'older', fresh: false });
    },
  );

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
    expect(events()).toEqual(['refresh_token_reused']);
  });
});
