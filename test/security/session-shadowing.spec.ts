import {
  at,
  events,
  generation,
  line,
  logs,
  next,
  pass,
  PASSWORD,
  refresh,
  refused,
  row,
  serve,
  sql,
} from '../support/one-session.js';
import { HOME, OTHER_NETWORK, OTHER_PROGRAM, STRANGER } from '../support/placed-client.js';

/*
 * One copy of the owner's store is enough to try: look at `verify`, which is free and changes nothing, until the owner
 * has refreshed; then present the parent, as the owner's browser would, and so get the owner's own current token. If
 * that is answered, it can be done again and again, and nothing is written or logged.
 */

jest.setTimeout(60_000);

/** The thief knows what the owner's browser calls itself. */
const THIEF = OTHER_NETWORK;

/** Whether a look at the token tells anything but "good". */
const looks = (token: string) => at(THIEF).verify(token);

/** How long after the owner's refresh the thief comes, seconds: he sees it at once, or looks now and then. */
const DELAYS = [0, 400];

/**
 * The owner refreshes for as long as the session lives. The thief, who holds a copy of the store of the beginning, comes
 * so many seconds after each time.
 */
async function shadow(
  owner: string,
  place: typeof THIEF,
  delay: number,
): Promise<{ pairs: number; reasons: unknown[] }> {
  let [stolen, pairs] = [owner, 0];
  const reasons: unknown[] = [];
  for (let round = 0; round < 10; round += 1) {
    const refreshed = await refresh(owner);
    if (refreshed.status !== 200) {
      reasons.push((refreshed.body as { reason?: string }).reason);
      break;
    }
    owner = refreshed.body.refresh;
    await pass(delay);
    const answer = await refresh(stolen, place);
    if (answer.status !== 200) {
      reasons.push((answer.body as { reason?: string }).reason);
      break;
    }
    pairs += 1;
    // It must never be the token that the owner holds as well.
    expect(answer.body.refresh).not.toBe(owner);
    stolen = answer.body.refresh;
    await pass(400);
  }
  return { pairs, reasons };
}

describe('a thief with a copy of the store', () => {
  serve();

  it('learns from verify neither that nor when the owner has refreshed', async () => {
    const [stolen] = await line(0);
    const before = await looks(stolen!);
    let owner = await next(stolen!);
    const after = await looks(stolen!);
    expect([after.status, after.text]).toEqual([before.status, before.text]);
    // From the owner's second refresh on there is nothing to be had with it.
    owner = await next(owner);
    expect((await looks(stolen!)).status).toBe(400);
    expect(generation(owner)).toBe(2);
  });

  it('is given no token that the owner holds, and each attempt is written and logged', async () => {
    const [stolen, owner] = await line(1);
    const answer = await refresh(stolen!, THIEF);
    expect(answer.status).toBe(200);
    expect(answer.body.refresh).not.toBe(owner);
    await expect(row()).resolves.toMatchObject({ generation: 2, parent_generation: 0 });
    expect(events()).toEqual(['refresh_token_recovered']);
  });

  it.each(DELAYS)(
    'is found out by the owner’s second refresh out of grace, if he comes %i s after the first',
    async (delay) => {
      const [stolen] = await line(0);
      const { pairs, reasons } = await shadow(stolen!, THIEF, delay);
      expect(pairs).toBeLessThanOrEqual(2);
      expect(reasons).toEqual(['reused']);
      await expect(row()).resolves.toMatchObject({ revoke_reason: 'reused' });
      expect(events().at(-1)).toBe('refresh_token_reused');
      expect(events()).toContain('refresh_token_recovered');
    },
  );

  it.each(DELAYS)(
    'is found out in the owner’s own network, if the user agent differs and he comes after %i s',
    async (delay) => {
      const [stolen] = await line(0);
      const { pairs, reasons } = await shadow(stolen!, OTHER_PROGRAM, delay);
      expect(pairs).toBeLessThanOrEqual(2);
      expect(reasons).toEqual(['reused']);
    },
  );

  it('ends the session at once as a complete stranger, also long after the grace period', async () => {
    for (const seconds of [0, 400, 86_400]) {
      await sql('TRUNCATE auth_session');
      logs.clear();
      const [stolen, owner] = await line(1);
      await pass(seconds);
      const answer = await refresh(stolen!, STRANGER);
      expect(answer).toMatchObject(refused('reused'));
      const logged = {
        level: 'warn',
        event: 'refresh_token_reused',
        class: 'parent',
        address: '127.9.9.9',
      };
      expect(logs.events('refresh_token')).toEqual([expect.objectContaining(logged)]);
      expect(await refresh(owner!)).toMatchObject(refused('session_ended'));
    }
  });

  it('gets no replay behind a proxy that nobody has named, where everybody has one address', async () => {
    const forwarded = { 'x-forwarded-for': '203.0.113.7' };
    const path = '/login/simpleJWT/refresh';
    const through = (token: string) =>
      at(HOME).post<{ refresh: string }>(path, { refresh: token }, forwarded);
    const [stolen] = await line(0);
    const owner = (await through(stolen!)).body.refresh;
    const thief = (await through(stolen!)).body.refresh;
    expect(generation(thief)).toBe(2);
    expect(thief).not.toBe(owner);
    // Nor by going round the proxy, from a neighbouring address.
    const direct = await next(stolen!, { ...HOME, localAddress: '127.0.0.9' });
    expect(generation(direct)).toBe(3);
  });
});

describe('a thief who hides his network behind a trusted proxy', () => {
  serve({ TRUSTED_PROXIES: HOME.localAddress });

  // The proxy writes X-Forwarded-For, and passes on the Forwarded of the thief, which contradicts it.
  const owner = { 'x-forwarded-for': '203.0.113.7' };
  const thief = { 'x-forwarded-for': '198.51.100.7', forwarded: 'for=203.0.113.7' };
  const through = (token: string, headers: Record<string, string>) =>
    at(HOME).post<{ refresh: string }>('/login/simpleJWT/refresh', { refresh: token }, headers);

  it('has the session for one grace period, until the owner comes with a token that is not fresh', async () => {
    const stolen = (await at(HOME).login('alice', PASSWORD)).refresh;
    const first = (await through(stolen, thief)).body.refresh;
    const second = (await through(first, thief)).body.refresh;
    expect(generation(second)).toBe(2);
    expect(await through(stolen, owner)).toMatchObject(refused('stale'));
    await pass(185);
    expect(await through(stolen, owner)).toMatchObject(refused('reused'));
    // The owner's network is known: that the session was last used from a hidden one is told at once.
    const older = { class: 'older', network: 'unknown' };
    expect(logs.events('refresh_token')).toEqual([
      expect.objectContaining({ event: 'refresh_token_stale', ...older }),
      expect.objectContaining({ event: 'refresh_token_reused', ...older }),
    ]);
    expect(await through(second, thief)).toMatchObject(refused('session_ended'));
  });
});

describe('a thief where every reuse ends the session', () => {
  serve({ SIMPLE_JWT_REUSE_ENDS_SESSION: 'always' });

  it.each([
    ['another network', THIEF],
    ['the owner’s network, with another program', OTHER_PROGRAM],
  ])('ends it with the first parent from %s', async (_where, place) => {
    const [stolen] = await line(0);
    await expect(shadow(stolen!, place, 0)).resolves.toEqual({ pairs: 0, reasons: ['reused'] });
    expect(events()).toEqual(['refresh_token_reused']);
  });

  it('ends it even as a neighbour with the owner’s user agent, once the parent is not fresh', async () => {
    const neighbour = { ...HOME, localAddress: '127.0.0.9' };
    const [stolen, owner] = await line(1);
    await pass(175);
    expect(await next(stolen!, neighbour)).toBe(owner);
    await pass(10);
    expect(await refresh(stolen!, neighbour)).toMatchObject(refused('reused'));
    expect(events()).toEqual(['refresh_token_reused']);
  });
});

describe('a thief where the grace period is 0', () => {
  serve({ SIMPLE_JWT_ROTATION_GRACE_PERIOD: '0s' });

  it('gets nothing for a parent from any place', async () => {
    const [stolen] = await line(0);
    await expect(shadow(stolen!, THIEF, 0)).resolves.toEqual({ pairs: 0, reasons: ['reused'] });
  });
});
