import { serve, at, next, line, withoutTrace } from '../support/one-session.js';
import { HOME, OTHER_NETWORK, OTHER_PROGRAM, STRANGER } from '../support/placed-client.js';
import { HEADER, claimsOf, forge } from '../support/tokens.js';

jest.setTimeout(30_000);

describe('verify', () => {
  serve();

  it('says of a refresh token whether it is older than the parent, whoever asks', async () => {
    const [older, parent, current] = await line(2);
    for (const place of [HOME, OTHER_NETWORK, OTHER_PROGRAM, STRANGER]) {
      const statuses: number[] = [];
      for (const token of [older, parent, current]) {
        statuses.push((await at(place).verify(token!)).status);
      }
      expect(statuses).toEqual([400, 200, 200]);
    }
  });

  it('says so of a displaced one, and of one that the database has lost', async () => {
    const [parent, dead] = await line(1);
    const current = await next(parent!, OTHER_NETWORK);
    for (const token of [parent, dead, current, forge(HEADER, { ...claimsOf(current), gen: 9 })]) {
      expect((await withoutTrace(() => at(STRANGER).verify(token!))).status).toBe(200);
    }
    await at(HOME).blacklist(dead!);
    for (const token of [parent, dead, current]) {
      expect((await at(HOME).verify(token!)).status).toBe(400);
    }
  });
});
