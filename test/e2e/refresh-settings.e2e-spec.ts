import {
  PASSWORD,
  refused,
  UPDATED,
  logs,
  serve,
  sql,
  at,
  login,
  refresh,
  generation,
  next,
  line,
  pass,
  withoutTrace,
  expectEnded,
} from '../support/one-session.js';
import { HOME, OTHER_NETWORK, OTHER_PROGRAM, STRANGER } from '../support/placed-client.js';
import { claimsOf } from '../support/tokens.js';

jest.setTimeout(30_000);

describe('with REUSE_ENDS_SESSION=always', () => {
  serve({ SIMPLE_JWT_REUSE_ENDS_SESSION: 'always' });

  it('the parent is replayed to the same client while fresh, and ends the session after', async () => {
    const [parent, current] = await line(1);
    await pass(175);
    const again = await withoutTrace(() => refresh(parent!, UPDATED));
    expect(again.body.refresh).toBe(current);
    await pass(10);
    await expectEnded(await refresh(parent!), { class: 'parent', fresh: false });
  });

  it.each([
    ['another network', OTHER_NETWORK],
    ['another program on the same network', OTHER_PROGRAM],
    ['another program on another network', STRANGER],
  ])('the parent ends the session from %s, fresh or not', async (_where, place) => {
    const [parent] = await line(1);
    await expectEnded(await refresh(parent!, place), { class: 'parent', fresh: true });
  });

  it('an older token ends the session, also from the same client within the grace period', async () => {
    const [first] = await line(2);
    await expectEnded(await refresh(first!, HOME));
  });
});

describe('with REUSE_ENDS_SESSION=never', () => {
  serve({ SIMPLE_JWT_REUSE_ENDS_SESSION: 'never' });

  it('what would end the session is stale, and a warning where nothing is the same', async () => {
    const [first, second, current] = await line(2);
    await pass(3600);
    for (const token of [first, second]) {
      expect(await withoutTrace(() => refresh(token!, STRANGER))).toMatchObject(refused('stale'));
    }
    expect(await withoutTrace(() => refresh(first!, OTHER_NETWORK))).toMatchObject(
      refused('stale'),
    );
    expect(logs.events('refresh_token').map(({ event, level }) => [event, level])).toEqual([
      ['refresh_token_stale', 'warn'],
      ['refresh_token_stale', 'warn'],
      ['refresh_token_stale', 'log'],
    ]);
    expect(generation(await next(current!))).toBe(3);
  });

  it('the parent recovers from nearby all the same', async () => {
    const [parent] = await line(1);
    expect(generation(await next(parent!, OTHER_NETWORK))).toBe(2);
  });
});

describe('with a grace period of 0s', () => {
  serve({ SIMPLE_JWT_ROTATION_GRACE_PERIOD: '0s' });

  it('nothing is replayed or recovered: the parent counts as older', async () => {
    const [parent, current] = await line(1);
    expect(await withoutTrace(() => refresh(parent!))).toMatchObject(refused('stale'));
    expect(generation(await next(current!))).toBe(2);
  });

  it.each([
    ['the parent', 1],
    ['an older token', 0],
  ])('%s ends the session from nearby at once', async (_what, index) => {
    const tokens = await line(2);
    await expectEnded(await refresh(tokens[index]!, OTHER_NETWORK));
  });
});

describe('with recovery switched off', () => {
  serve({ SIMPLE_JWT_ROTATION_RECOVERY: 'false' });

  it('the parent is replayed to the same client, fresh or not', async () => {
    const [parent, current] = await line(1);
    for (const seconds of [0, 3600]) {
      await pass(seconds);
      expect(await next(parent!)).toBe(current);
    }
  });

  it('the parent counts as older from nearby: stale while fresh, then it ends the session', async () => {
    const [parent] = await line(1);
    await pass(175);
    const within = await withoutTrace(() => refresh(parent!, OTHER_NETWORK));
    expect(within).toMatchObject(refused('stale'));
    await pass(10);
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
    await sql(
      `UPDATE auth_session SET ends_at = now() + interval '90 s', rotated_at = now() - interval '2 h'`,
    );
    const { iat: later, exp: end } = claimsOf(await next(second!));
    expect(Number(end) - Number(later)).toBeGreaterThanOrEqual(89);
    expect(Number(end) - Number(later)).toBeLessThanOrEqual(90);
  });

  it('nothing of a session is accepted behind its end', async () => {
    const { refresh: token, access } = await login();
    await sql(`UPDATE auth_session SET ends_at = now() - interval '1 s'`);
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
    await sql(`UPDATE auth_session SET ends_at = now() - interval '1 s'`);
    expect((await extend()).status).toBe(401);
    expect((await at(HOME).me(extended.body.token)).status).toBe(401);
  });
});
