import { fromOptions, resolveSettings } from '../config/resolve-settings.js';
import { FakeClock } from '../../test/support/fake-clock.js';
import { MemoryRateLimitStore } from '../../test/support/memory-rate-limit-store.js';
import { Throttle } from './throttle.js';

const KEY = 'the-signing-key-of-the-tests-0123456789abcdef';
const SESSION = '0123456789abcdef0123456789abcdef';

describe('Throttle', () => {
  const store = new MemoryRateLimitStore(new FakeClock(0));
  const throttle = (refreshLimit: string | null): Throttle =>
    new Throttle(resolveSettings(fromOptions({ signingKey: KEY, refreshLimit })), store);

  it('asks no counter where there is no limit', async () => {
    await throttle(null).count('refreshLimit', SESSION);
    expect(store.uses).toBe(0);
  });

  it('lets a session refresh as often as the limit says, and no other session pays for it', async () => {
    const limited = throttle('2/1m');
    await limited.count('refreshLimit', SESSION);
    await limited.count('refreshLimit', SESSION);
    await expect(limited.count('refreshLimit', SESSION)).rejects.toMatchObject({
      code: 'throttled',
      headers: { 'retry-after': '60' },
    });
    await expect(limited.count('refreshLimit', SESSION.replace('0', 'f'))).resolves.toBeUndefined();
  });
});
