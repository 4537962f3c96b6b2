import { fromOptions, resolveSettings } from '../config/resolve-settings.js';
import { FakeClock } from '../../test/support/fake-clock.js';
import { MemoryCounters } from '../../test/support/memory-counters.js';
import { RefreshThrottle } from './refresh-throttle.js';

const KEY = 'the-signing-key-of-the-tests-0123456789abcdef';
const SESSION = '0123456789abcdef0123456789abcdef';

describe('RefreshThrottle', () => {
  const counters = new MemoryCounters(new FakeClock(0));
  const throttle = (refreshLimit: string | null): RefreshThrottle =>
    new RefreshThrottle(resolveSettings(fromOptions({ signingKey: KEY, refreshLimit })), counters);

  it('asks no counter where there is no limit', async () => {
    await throttle(null).count(SESSION);
    expect(counters.uses).toBe(0);
  });

  it('lets a session refresh as often as the limit says, and no other session pays for it', async () => {
    const limited = throttle('2/1m');
    await limited.count(SESSION);
    await limited.count(SESSION);
    await expect(limited.count(SESSION)).rejects.toMatchObject({
      code: 'throttled',
      headers: { 'retry-after': '60' },
    });
    await expect(limited.count(SESSION.replace('0', 'f'))).resolves.toBeUndefined();
  });
});
