import { AuthError } from '../common/errors.js';
import { fromOptions, resolveSettings } from '../config/resolve-settings.js';
import { FakeClock } from '../../test/support/fake-clock.js';
import { MemoryRateLimitStore } from '../../test/support/memory-rate-limit-store.js';
import { MemoryKnownClients } from '../../test/support/memory-known-clients.js';
import type { TriedAccount } from './login-limits.js';
import { LoginThrottle } from './login-throttle.js';

const KEY = 'the-signing-key-of-the-tests-0123456789abcdef';
const CLIENT = { ip: '203.0.113.7', userAgent: null };
/** A name that nobody has. */
const named = (username: string): TriedAccount => ({ id: null, username });
const refused = async (): Promise<null> => null;
const accepted = async (): Promise<string> => 'alice';

describe('LoginThrottle', () => {
  let clock: FakeClock;
  let counters: MemoryRateLimitStore;
  let clients: MemoryKnownClients;
  let throttle: LoginThrottle;

  const use = (options: Record<string, unknown>): void => {
    const settings = resolveSettings(
      fromOptions({ signingKey: KEY, loginLimit: null, loginLimitAddress: null, ...options }),
    );
    throttle = new LoginThrottle(settings, counters, clients);
  };
  const fail = async (times: number, name = 'alice', ip = CLIENT.ip): Promise<void> => {
    for (let time = 0; time < times; time += 1) {
      expect(await throttle.run(named(name), { ...CLIENT, ip }, refused)).toBeNull();
    }
  };
  const problemOf = async (name: string, check: () => Promise<string | null>, ip = CLIENT.ip) => {
    const attempt = throttle.run(named(name), { ...CLIENT, ip }, check);
    const error: unknown = await attempt.then(
      () => null,
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof AuthError)) return null;
    return { status: error.getStatus(), body: error.getResponse(), ...error.headers };
  };

  beforeEach(() => {
    clock = new FakeClock(0);
    counters = new MemoryRateLimitStore(clock);
    clients = new MemoryKnownClients();
  });

  it('asks no counter where there is no limit', async () => {
    use({});
    await fail(100);
    expect(counters.uses).toBe(0);
  });

  it('answers 429 after the limit, to the right password as to a wrong one', async () => {
    use({ loginLimit: '3/15m' });
    await fail(3);
    clock.advance(1);
    const answer = {
      status: 429,
      body: { detail: 'Request was throttled. Expected available in 899 seconds.' },
      'retry-after': '899',
    };
    expect(await problemOf('alice', accepted)).toEqual(answer);
    expect(await problemOf('alice', refused)).toEqual(answer);
  });

  it('speaks of one second in the singular', async () => {
    use({ loginLimit: '1/1s' });
    await fail(1);
    expect(await problemOf('alice', refused)).toMatchObject({
      body: { detail: 'Request was throttled. Expected available in 1 second.' },
    });
  });

  it('checks no password of an account that is limited', async () => {
    use({ loginLimit: '3/15m' });
    await fail(3);
    let checks = 0;
    await problemOf('alice', async () => {
      checks += 1;
      return 'alice';
    });
    expect(checks).toBe(0);
  });

  it('asks the count once for a log-in that nothing speaks against', async () => {
    use({ loginLimit: '3/15m', loginLimitAddress: '100/15m' });
    await throttle.run(named('alice'), CLIENT, accepted);
    expect(counters.uses).toBe(1);
    // A failure of this account or from this address is remembered, and asked for before the next check.
    await fail(1, 'bob');
    await throttle.run(named('alice'), CLIENT, accepted);
    expect(counters.uses).toBe(4);
    await throttle.run(named('carol'), { ...CLIENT, ip: '203.0.113.8' }, accepted);
    expect(counters.uses).toBe(5);
  });

  it('refuses what other nodes have counted, and from the second attempt on without a check', async () => {
    use({ loginLimit: '3/15m' });
    await fail(3);
    use({ loginLimit: '3/15m' });
    let checks = 0;
    const check = async (): Promise<string> => {
      checks += 1;
      return 'alice';
    };
    for (let time = 0; time < 3; time += 1) {
      expect((await problemOf('alice', check))?.status).toBe(429);
    }
    expect(checks).toBe(1);
  });

  it('tells no more than the limit, and checks less than twice as many, however many come at once', async () => {
    use({ loginLimit: '10/15m', loginLimitAddress: '100/15m' });
    let checks = 0;
    const guess = (): Promise<string | null> =>
      throttle.run(named('alice'), CLIENT, async () => {
        checks += 1;
        await new Promise((resolve) => setImmediate(resolve));
        return null;
      });
    const outcomes = await Promise.allSettled(Array.from({ length: 64 }, guess));
    expect(checks).toBeLessThan(20);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
  });

  it('tells a right password nothing that was checked while others used the limit up', async () => {
    use({ loginLimit: '3/15m' });
    const problem = await problemOf('alice', async () => {
      await fail(3);
      return 'alice';
    });
    expect(problem?.status).toBe(429);
  });

  it('lets the account in again when the window has passed, with all attempts', async () => {
    use({ loginLimit: '3/15m' });
    await fail(3);
    clock.advance(900);
    expect(await throttle.run(named('alice'), CLIENT, accepted)).toBe('alice');
    await fail(3);
    expect((await problemOf('alice', accepted))?.status).toBe(429);
  });

  it('neither counts a success nor forgets failures because of one', async () => {
    use({ loginLimit: '3/15m' });
    for (let time = 0; time < 10; time += 1) await throttle.run(named('alice'), CLIENT, accepted);
    await fail(2);
    await throttle.run(named('alice'), CLIENT, accepted);
    await fail(1);
    expect((await problemOf('alice', accepted))?.status).toBe(429);
  });

  it('counts a name that nobody has as log-in reads it: trimmed, and exact in its letters', async () => {
    use({ loginLimit: '2/15m' });
    await fail(1, 'alice');
    await fail(1, ' alice\t');
    expect((await problemOf('alice', accepted))?.status).toBe(429);
    expect(await problemOf('Alice', accepted)).toBeNull();
  });

  it('does not count a check that could not be made', async () => {
    use({ loginLimit: '1/15m' });
    const failure = new Error('the queue is full');
    await expect(throttle.run(named('alice'), CLIENT, () => Promise.reject(failure))).rejects.toBe(
      failure,
    );
    expect(await throttle.run(named('alice'), CLIENT, accepted)).toBe('alice');
  });

  it('counts an address over all accounts, IPv6 by its /64, and leaves the others alone', async () => {
    use({ loginLimitAddress: '2/15m' });
    await fail(1, 'alice', '2001:db8::1');
    await fail(1, 'bob', '2001:db8::ffff:1');
    expect((await problemOf('carol', accepted, '2001:db8:0:0:5::'))?.status).toBe(429);
    expect(await problemOf('carol', accepted, '2001:db8:0:1::1')).toBeNull();
    await fail(2, 'alice', '203.0.113.7');
    expect((await problemOf('alice', accepted, '203.0.113.7'))?.status).toBe(429);
    expect(await problemOf('alice', accepted, '203.0.113.8')).toBeNull();
  });

  it('counts the user who is found, whatever is typed, and takes no name for a key', async () => {
    use({ loginLimit: '2/15m' });
    const wait = { status: 429 };
    await throttle.run({ id: '7', username: 'alice' }, CLIENT, refused);
    await throttle.run({ id: '7', username: 'ALICE' }, CLIENT, refused);
    const other = { id: '7', username: 'alice@example.com' };
    await expect(throttle.run(other, CLIENT, accepted)).rejects.toMatchObject(wait);
    expect(await throttle.run({ id: '8', username: 'alice' }, CLIENT, accepted)).toBe('alice');
    expect(await throttle.run(named('7'), CLIENT, refused)).toBeNull();
  });

  it('counts the networks around an IPv6 address with 4 and 16 times the limit', async () => {
    use({ loginLimitAddress: '1/15m' });
    // 16 networks of one /48, in 4 networks of /56.
    const addresses = [0x0000, 0x0100, 0x0200, 0x0300].flatMap((high) =>
      [0, 1, 2, 3].map((low) => `2001:db8:1:${(high + low).toString(16)}::1`),
    );
    for (const ip of addresses) await fail(1, 'alice', ip);
    expect((await problemOf('bob', accepted, '2001:db8:1:0004::1'))?.status).toBe(429);
    expect((await problemOf('bob', accepted, '2001:db8:1:ff00::1'))?.status).toBe(429);
    expect(await problemOf('bob', accepted, '2001:db8:2::1')).toBeNull();
    await fail(4, 'alice', '2001:db8:2::1').catch(() => undefined);
    expect(await problemOf('bob', accepted, '2001:db8:2:ff::1')).toBeNull();
  });

  it('counts the account alone where the address is unknown', async () => {
    use({ loginLimit: '2/15m', loginLimitAddress: '1/15m' });
    const nowhere = { ip: null, userAgent: null };
    expect(await throttle.run(named('alice'), nowhere, refused)).toBeNull();
    expect(await throttle.run(named('bob'), nowhere, accepted)).toBe('alice');
  });

  it('names the longer wait of two', async () => {
    use({ loginLimit: '1/1m', loginLimitAddress: '1/1h' });
    await fail(1);
    expect(await problemOf('alice', accepted)).toMatchObject({ 'retry-after': '3600' });
  });

  describe('of a client that the user has logged in from', () => {
    const ALICE: TriedAccount = { id: '7', username: 'alice' };
    const STRANGER = { ip: '198.51.100.1', userAgent: 'curl/8' };
    const status = (
      context: typeof STRANGER,
      check: typeof refused | typeof accepted = accepted,
    ): Promise<unknown> =>
      throttle.run<string>(ALICE, context, check).then(
        (found) => found,
        (error: unknown) => (error as AuthError).getStatus(),
      );
    const HOME = { ip: '203.0.113.7', userAgent: 'Browser/1' };

    beforeEach(async () => {
      use({ loginLimit: '3/15m' });
      expect(await status(HOME)).toBe('alice');
    });

    it('counts apart: strangers cannot lock the owner out', async () => {
      for (let time = 0; time < 3; time += 1) expect(await status(STRANGER, refused)).toBeNull();
      expect(await status(STRANGER)).toBe(429);
      expect(await status(HOME)).toBe('alice');
      expect(await status({ ...HOME, userAgent: 'curl/8' })).toBe(429);
    });

    it('has the same limit, and strangers do not pay for it', async () => {
      for (let time = 0; time < 3; time += 1) expect(await status(HOME, refused)).toBeNull();
      expect(await status(HOME)).toBe(429);
      expect(await status(STRANGER)).toBe('alice');
    });

    it('shares one counter with the others of its network: neighbours get no limit for each', async () => {
      const phone = { ...HOME, userAgent: 'Phone/1', ip: '203.0.113.9' };
      expect(await status(phone)).toBe('alice');
      for (const client of [HOME, phone, HOME]) expect(await status(client, refused)).toBeNull();
      expect(await status(phone)).toBe(429);
      const elsewhere = { ...HOME, ip: '192.0.2.1' };
      expect(await status(elsewhere)).toBe('alice');
    });

    it('keeps what it has failed before it was known', async () => {
      const phone = { ...HOME, userAgent: 'Phone/1' };
      for (let time = 0; time < 2; time += 1) expect(await status(phone, refused)).toBeNull();
      expect(await status(phone)).toBe('alice');
      expect(await status(phone, refused)).toBeNull();
      expect(await status(phone)).toBe(429);
    });

    it('is looked for only where something speaks against the attempt', async () => {
      expect(await status(HOME)).toBe('alice');
      expect(clients.questions).toBe(0);
      expect(await status(STRANGER, refused)).toBeNull();
      expect(clients.questions).toBe(1);
      expect(await status(HOME)).toBe('alice');
      expect(clients.questions).toBe(1);
    });

    it('does not wait in line behind strangers', async () => {
      for (let time = 0; time < 3; time += 1) await status(STRANGER, refused);
      await status(STRANGER);
      // More than may wait for the places of the account.
      const strangers = Array.from({ length: 300 }, () => status(STRANGER));
      expect(await status(HOME)).toBe('alice');
      expect(await Promise.all(strangers)).toContain(503);
    });
  });

  describe('of a password that is asked for once more in an open session', () => {
    it('is of this session: neither log-ins nor other sessions count for it', async () => {
      use({ loginLimit: '2/15m', loginLimitAddress: '1/15m' });
      const alice = { id: '7', username: 'alice' };
      await throttle.run(alice, CLIENT, refused);
      for (let time = 0; time < 2; time += 1) {
        expect(await throttle.confirm('7', 'one', refused)).toBeNull();
      }
      const wait = { code: 'throttled' };
      await expect(throttle.confirm('7', 'one', accepted)).rejects.toMatchObject(wait);
      expect(await throttle.confirm('7', 'other', accepted)).toBe('alice');
      expect(await throttle.confirm('8', 'one', accepted)).toBe('alice');
      expect(await throttle.confirm('7', null, accepted)).toBe('alice');
    });
  });
});
