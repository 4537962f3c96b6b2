import type { Pair } from '../support/client.js';
import {
  refused,
  serve,
  sql,
  at,
  generation,
  next,
  line,
  pass,
  withoutTrace,
  expectEnded,
  events,
} from '../support/one-session.js';
import { HOME, OTHER_PROGRAM } from '../support/placed-client.js';

jest.setTimeout(30_000);

describe('a client in an unknown network', () => {
  serve();

  /** Through a proxy that nobody has named: everybody behind it has its address. */
  const forwarded = { 'x-forwarded-for': '203.0.113.7' };
  const through = (token: string, place = HOME) =>
    at(place).post<Pair>('/login/simpleJWT/refresh', { refresh: token }, forwarded);

  async function behindProxy(refreshes: number): Promise<string[]> {
    const tokens = await line(0);
    while (tokens.length <= refreshes) {
      tokens.push((await through(tokens.at(-1)!)).body.refresh);
    }
    return tokens;
  }

  it('gets no replay: its parent recovers, and that is no news', async () => {
    const [parent, dead] = await behindProxy(1);
    const answer = await through(parent!);
    expect(answer.status).toBe(200);
    expect(generation(answer.body.refresh)).toBe(2);
    expect(generation((await through(dead!)).body.refresh)).toBe(3);
    expect(events()).toEqual([]);
  });

  it('gets no replay either where only the last rotation came from nowhere known', async () => {
    const [parent] = await behindProxy(1);
    expect(generation(await next(parent!, HOME))).toBe(2);
  });

  it('leaves the address of the proxy in the row', async () => {
    await behindProxy(1);
    const kept = await sql('SELECT host(last_ip) AS ip FROM auth_session');
    expect(kept).toEqual([{ ip: HOME.localAddress }]);
  });

  it('is spared with an old token only while that is fresh', async () => {
    const [first] = await behindProxy(2);
    await pass(175);
    expect(await withoutTrace(() => through(first!))).toMatchObject(refused('stale'));
    await pass(10);
    await expectEnded(await through(first!), { network: 'unknown', class: 'older' });
  });

  it('ends the session with an old token also where only the last rotation came from a known one', async () => {
    const tokens = await line(2);
    await pass(185);
    await expectEnded(await through(tokens[0]!), { network: 'unknown', class: 'older' });
  });

  it('is near with another program only while its old token is fresh', async () => {
    const [first] = await behindProxy(2);
    await pass(175);
    expect(await withoutTrace(() => through(first!, OTHER_PROGRAM))).toMatchObject(
      refused('stale'),
    );
    await pass(10);
    await expectEnded(await through(first!, OTHER_PROGRAM), { network: 'unknown' });
  });

  it('ends the session with the parent from another program', async () => {
    const [parent] = await behindProxy(1);
    await expectEnded(await through(parent!, OTHER_PROGRAM), { class: 'parent' });
  });
});
