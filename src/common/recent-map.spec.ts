import { RecentMap } from './recent-map.js';

describe('RecentMap', () => {
  it('gives what was set last for a key', () => {
    const map = new RecentMap<string, number>(2);
    expect(map.get('a')).toBeUndefined();
    for (const [index, key] of ['a', 'b', 'a', 'c', 'a'].entries()) map.set(key, index);
    expect(map.get('a')).toBe(4);
  });

  it('holds at least as many entries as its capacity, the newest, and at most twice as many', () => {
    const map = new RecentMap<number, number>(10);
    for (let key = 0; key < 1000; key += 1) {
      map.set(key, key);
      const held = Array.from({ length: key + 1 }, (_, each) => each).filter(
        (each) => map.get(each) !== undefined,
      );
      expect(held.length).toBeLessThanOrEqual(20);
      expect(held.slice(-10)).toEqual(
        Array.from({ length: Math.min(10, key + 1) }, (_, back) => key - back).toReversed(),
      );
    }
  });
});
