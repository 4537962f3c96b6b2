import { Logger } from '@nestjs/common';
import { FakeClock } from '../../test/support/fake-clock.js';
import { MemoryCounters } from '../../test/support/memory-counters.js';
import { FallbackCounters } from './fallback-counters.js';

const LIMITED = [{ key: 'account:x', limit: { attempts: 1, window: 60 } }];

describe('FallbackCounters', () => {
  let clock: FakeClock;
  let first: MemoryCounters;
  let second: MemoryCounters;
  let counters: FallbackCounters;

  beforeAll(() => Logger.overrideLogger(false));

  beforeEach(() => {
    clock = new FakeClock(0);
    first = new MemoryCounters(clock);
    second = new MemoryCounters(clock);
    counters = new FallbackCounters(first, second, clock);
  });

  it('counts in the first store while that answers', async () => {
    await counters.hit(LIMITED);
    expect(await counters.peek(LIMITED)).toBe(60);
    expect(second.uses).toBe(0);
  });

  it('goes on counting in the second one while the first is away', async () => {
    first.failure = new Error('away');
    expect(await counters.hit(LIMITED)).toBe(0);
    expect(await counters.hit(LIMITED)).toBe(60);
    expect(await counters.peek(LIMITED)).toBe(60);
  });

  it('leaves the first store alone for five seconds, then asks it again', async () => {
    first.failure = new Error('away');
    await counters.peek(LIMITED);
    first.failure = null;
    clock.advance(4);
    await counters.hit(LIMITED);
    expect(first.uses).toBe(1);
    clock.advance(1);
    expect(await counters.hit(LIMITED)).toBe(0);
    expect(first.uses).toBe(2);
  });

  it('passes on what the second store throws', async () => {
    first.failure = new Error('away');
    second.failure = new Error('away as well');
    await expect(counters.peek(LIMITED)).rejects.toBe(second.failure);
  });
});
