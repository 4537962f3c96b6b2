import * as fc from 'fast-check';
import { dueWork, isUnannounced, type ScheduledKey } from './rotation-schedule.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = 100 * DAY;

const signing = (age: number): ScheduledKey => ({
  state: 'signing',
  createdAt: NOW - age - DAY,
  activatedAt: NOW - age,
});
const next = (age: number): ScheduledKey => ({
  state: 'next',
  createdAt: NOW - age,
  activatedAt: null,
});
const retired: ScheduledKey = { ...signing(2 * DAY), state: 'retired' };

describe('the schedule of rotations', () => {
  it.each<[string, readonly ScheduledKey[], number]>([
    // Whether every server knows the ring is for an operator to say.
    ['begin', [], 30 * DAY],
    ['begin', [retired], 30 * DAY],
    ['begin', [{ ...retired, state: 'ended' }], 30 * DAY],
    ['nothing', [next(9 * MINUTE)], 30 * DAY],
    ['rotate', [next(10 * MINUTE)], 30 * DAY],
    ['nothing', [signing(28 * DAY)], 30 * DAY],
    ['generate', [signing(29 * DAY)], 30 * DAY],
    ['nothing', [signing(29 * DAY), next(0)], 30 * DAY],
    ['nothing', [signing(30 * DAY - 1), next(DAY)], 30 * DAY],
    ['rotate', [signing(30 * DAY), next(DAY)], 30 * DAY],
    // The servers were down for a month: caches still get their time.
    ['generate', [signing(60 * DAY)], 30 * DAY],
    ['nothing', [signing(60 * DAY), next(9 * MINUTE)], 30 * DAY],
    ['rotate', [signing(60 * DAY), next(10 * MINUTE)], 30 * DAY],
    // A short interval: half of it.
    ['nothing', [signing(29 * MINUTE)], HOUR],
    ['generate', [signing(30 * MINUTE)], HOUR],
  ])('asks to %s with the keys %j', (work, keys, interval) => {
    expect(dueWork(keys, interval, NOW)).toBe(work);
  });

  it('lets every key sign for about the interval, and none that was not published long enough', () => {
    const anInterval = fc.integer({ min: 20 * MINUTE, max: 90 * DAY });
    const someSteps = fc.array(fc.integer({ min: MINUTE, max: DAY }), { minLength: 50 });
    fc.assert(
      fc.property(anInterval, someSteps, (interval, steps) => {
        let keys: ScheduledKey[] = [{ state: 'next', createdAt: 0, activatedAt: null }];
        let now = 0;
        for (const step of steps) {
          now += step;
          const work = dueWork(keys, interval, now);
          if (work === 'generate') {
            expect(keys.some(({ state }) => state === 'next')).toBe(false);
            keys.push({ state: 'next', createdAt: now, activatedAt: null });
          }
          if (work !== 'rotate') continue;
          const old = keys.find(({ state }) => state === 'signing');
          const chosen = keys.find(({ state }) => state === 'next')!;
          expect(now - chosen.createdAt).toBeGreaterThanOrEqual(10 * MINUTE);
          if (old) expect(now - old.activatedAt!).toBeGreaterThanOrEqual(interval);
          keys = [{ ...chosen, state: 'signing', activatedAt: now }];
        }
        const current = keys.find(({ state }) => state === 'signing');
        // Late by two looks at most: one to publish, one to rotate, of which none is more than a day.
        if (current) expect(now - current.activatedAt!).toBeLessThan(interval + 3 * DAY);
      }),
    );
  });
});

describe('a key that signs', () => {
  it.each([
    [true, undefined],
    [true, next(0)],
    [true, next(10 * MINUTE - 1)],
    [false, next(10 * MINUTE)],
    [false, next(DAY)],
  ])('is unannounced: %s for %j', (expected, key) => {
    expect(isUnannounced(key, NOW)).toBe(expected);
  });
});
