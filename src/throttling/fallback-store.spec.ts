import { Logger } from '@nestjs/common';
import { FakeClock } from '../../test/support/fake-clock.js';
import { MemoryRateLimitStore } from '../../test/support/memory-rate-limit-store.js';
import { FallbackStore } from './fallback-store.js';

const LIMITED = [{ key: 'account:x', limit: { attempts: 1, window: 60 } }];

describe('FallbackStore', () => {
  let clock: FakeClock;
  let first: MemoryRateLimitStore;
  let second: MemoryRateLimitStore;
  let counters: FallbackStore;

  beforeAll(() => Logger.overrideLogger(false));

  beforeEach(() => {
    clock = new FakeClock(0);
    first = new MemoryRateLimitStore(clock);
    second = new MemoryRateLimitStore(clock);
    counters = new FallbackStore(first, second, clock);
  });

  it('counts in the first store while that answers', async () => {
    await counters.consume(LIMITED);
    expect(await counters.get(LIMITED)).toBe(60);
    expect(second.uses).toBe(0);
  });

  it('goes on counting in the second one while the first is away', async () => {
    first.failure = new Error('away');
    expect(await counters.consume(LIMITED)).toBe(0);
    expect(await counters.consume(LIMITED)).toBe(60);
    expect(await counters.get(LIMITED)).toBe(60);
  });

  it('leaves the first store alone for five seconds, then asks it again', async () => {
    first.failure = new Error('away');
    await counters.get(LIMITED);
    first.failure = null;
    clock.advance(4);
    await counters.consume(LIMITED);
    expect(first.uses).toBe(1);
    clock.advance(1);
    expect(await counters.consume(LIMITED)).toBe(0);
    expect(first.uses).toBe(2);
  });

  it('passes on what the second store throws', async () => {
    first.failure = new Error('away');
    second.failure = new Error('away as well');
    await expect(counters.get(LIMITED)).rejects.toBe(second.failure);
  });
});
