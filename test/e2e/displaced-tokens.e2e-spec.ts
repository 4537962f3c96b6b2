import {
  refused,
  NOBODY_KNOWN,
  serve,
  sql,
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
import { HOME, OTHER_NETWORK } from '../support/placed-client.js';
import { HEADER, claimsOf, forge } from '../support/tokens.js';

jest.setTimeout(30_000);

describe('a displaced token', () => {
  serve();

  /** The tokens of a session whose parent came back from a moved client before its successor was used. */
  async function displaced(): Promise<{ dead: string; current: string }> {
    const [parent, dead] = await line(1);
    return { dead: dead!, current: await next(parent!, OTHER_NETWORK) };
  }

  it('gets the current one from the client that displaced it', async () => {
    const { dead, current } = await displaced();
    await pass(3600);
    const answer = await withoutTrace(() => refresh(dead, OTHER_NETWORK));
    expect(answer.body.refresh).toBe(current);
  });

  it('is recovered from nearby for as long as the rotation is fresh', async () => {
    const { dead, current } = await displaced();
    await pass(175);
    const second = await next(dead, HOME);
    expect(generation(second)).toBe(3);
    expect(generation(await next(current, OTHER_NETWORK))).toBe(4);
    await expect(row()).resolves.toMatchObject({ parent_generation: 0, recovered_parent: null });
    expect(events()).toEqual(Array.from({ length: 3 }, () => 'refresh_token_recovered'));
  });

  it('is recovered from nearby once later, then ends the session', async () => {
    const { dead, current } = await displaced();
    await pass(185);
    expect(generation(await next(dead, HOME))).toBe(3);
    await expect(row()).resolves.toMatchObject({ parent_generation: 0, recovered_parent: 0 });
    await expectEnded(await refresh(current, OTHER_NETWORK), { class: 'displaced', fresh: true });
  });

  it.each([
    ['this server', (current: string) => next(current)],
    ['a server of the version before', rotateAsBefore],
  ])('may recover late once more when %s has rotated the session', async (_who, rotate) => {
    const { dead } = await displaced();
    await pass(3600);
    await rotate(await next(dead, HOME));
    // The row names generation 3 as parent now, and remembers that one of the parent 0 recovered.
    await expect(row()).resolves.toMatchObject({ parent_generation: 3, recovered_parent: 0 });
    const parent = forge(HEADER, { ...claimsOf(dead), gen: 3 });
    const unused = forge(HEADER, { ...claimsOf(dead), gen: 4 });
    await next(parent, OTHER_NETWORK);
    await pass(3600);
    expect(generation(await next(unused, HOME))).toBe(6);
  });

  it('ends the session at once from another program on another network', async () => {
    const { dead } = await displaced();
    await expectEnded(await refresh(dead, NOBODY_KNOWN), { class: 'displaced' });
  });
});

/** What a server does that does not know of late recoveries: its statement names no such column. */
async function rotateAsBefore(): Promise<void> {
  await sql(`UPDATE auth_session s SET generation = s.generation + 1, parent_generation = s.generation,
      superseded_at = (ARRAY[extract(epoch FROM now())::float8] || s.superseded_at)[1:8],
      rotated_at = now(), last_used_at = now()`);
}

describe('a row that another version has written, without times', () => {
  serve();

  it('takes every superseded token as long past: what needs no freshness goes on', async () => {
    const [first, second, third] = await line(3);
    await sql(`UPDATE auth_session SET superseded_at = '{}'`);
    expect(await withoutTrace(() => refresh(first!))).toMatchObject(refused('stale'));
    expect(generation((await withoutTrace(() => refresh(third!))).body.refresh)).toBe(3);
    expect(generation(await next(third!, OTHER_NETWORK))).toBe(4);
    await expectEnded(await refresh(second!, HOME), { class: 'older', fresh: false });
  });
});
