import type { Feed, FeedListener } from './change-feed.js';
import { VouchedCache } from './vouched-cache.js';

/** A feed that tells what a test tells it. */
class ToldFeed implements Feed {
  fresh = true;
  private readonly listeners: FeedListener[] = [];

  isFresh(): boolean {
    return this.fresh;
  }

  subscribe(listener: FeedListener): void {
    this.listeners.push(listener);
  }

  tell(key: string): void {
    for (const listener of this.listeners) listener.changed(key);
  }

  tellEverything(): void {
    for (const listener of this.listeners) listener.everythingChanged();
  }
}

/** A read that answers when the test says so. */
class SlowRead<T> {
  calls = 0;
  private readonly answers: ((fact: T | null) => void)[] = [];
  readonly loader = (): Promise<T | null> => {
    this.calls++;
    return new Promise((resolve) => {
      this.answers.push(resolve);
    });
  };

  answer(fact: T | null): void {
    this.answers.shift()!(fact);
  }
}

interface Fact {
  readonly user: string;
}

const ALICE: Fact = { user: 'alice' };

function build(capacity?: number) {
  const feed = new ToldFeed();
  const cache = new VouchedCache<Fact>(feed, {
    capacity,
    dependenciesOf: (fact, key) => [key, `u:${fact.user}`],
  });
  const remember = (key: string, fact: Fact = ALICE) => cache.load(key, async () => fact);
  return { feed, cache, remember };
}

describe('VouchedCache', () => {
  it('finds what was loaded while the feed is fresh, and nothing while it is not', async () => {
    const { feed, cache, remember } = build();
    await remember('s:1');
    expect(cache.find('s:1')).toBe(ALICE);
    feed.fresh = false;
    expect(cache.find('s:1')).toBeUndefined();
    feed.fresh = true;
    expect(cache.find('s:1')).toBe(ALICE);
  });

  it('forgets a session when it changes, and all sessions of a user who changes', async () => {
    const { feed, cache, remember } = build();
    for (const key of ['s:1', 's:2', 's:3']) await remember(key);
    await remember('s:4', { user: 'bob' });
    feed.tell('s:1');
    expect([cache.find('s:1'), cache.find('s:2')]).toEqual([undefined, ALICE]);
    feed.tell('u:alice');
    expect([cache.find('s:2'), cache.find('s:3')]).toEqual([undefined, undefined]);
    expect(cache.find('s:4')).toEqual({ user: 'bob' });
    feed.tellEverything();
    expect(cache.size).toBe(0);
  });

  it('drops the least recently used fact when it is full', async () => {
    const { cache, remember } = build(2);
    await remember('s:1');
    await remember('s:2');
    cache.find('s:1');
    await remember('s:3');
    expect([cache.find('s:1'), cache.find('s:2'), cache.find('s:3')]).toEqual([
      ALICE,
      undefined,
      ALICE,
    ]);
  });

  it('keeps what is used while ten times as much goes through', async () => {
    const { cache, remember } = build(100);
    for (let used = 0; used < 20; used++) await remember(`s:${used}`);
    for (let other = 0; other < 1000; other++) {
      await remember(`s:other-${other}`);
      for (let used = 0; used < 20; used++) expect(cache.find(`s:${used}`)).toBe(ALICE);
    }
    expect(cache.size).toBe(100);
  });

  it('does not remember a no', async () => {
    const { cache } = build();
    expect(await cache.load('s:1', async () => null)).toBeNull();
    expect(cache.size).toBe(0);
  });

  it('does not keep what a change overtook, whichever key of it changed', async () => {
    const { feed, cache } = build();
    for (const change of ['s:1', 'u:alice', null]) {
      const read = new SlowRead<Fact>();
      const loaded = cache.load('s:1', read.loader);
      if (change === null) feed.tellEverything();
      else feed.tell(change);
      read.answer(ALICE);
      expect(await loaded).toBe(ALICE);
      expect(cache.find('s:1')).toBeUndefined();
    }
  });

  it('does not keep what was read while the feed was away', async () => {
    const { feed, cache, remember } = build();
    feed.fresh = false;
    expect(await remember('s:1')).toBe(ALICE);
    feed.fresh = true;
    expect(cache.find('s:1')).toBeUndefined();
  });

  it('keeps nothing of a load that more changes overtook than it can remember', async () => {
    const { feed, cache } = build();
    const read = new SlowRead<Fact>();
    const loaded = cache.load('s:1', read.loader);
    for (let other = 0; other <= 10_000; other++) feed.tell(`u:other-${other}`);
    read.answer(ALICE);
    await loaded;
    expect(cache.size).toBe(0);
  });

  it('reads once for many calls at once', async () => {
    const { cache } = build();
    const read = new SlowRead<Fact>();
    const loads = Array.from({ length: 100 }, () => cache.load('s:1', read.loader));
    read.answer(ALICE);
    expect(new Set(await Promise.all(loads))).toEqual(new Set([ALICE]));
    expect(read.calls).toBe(1);
  });

  it('gives an error to all who waited for one read', async () => {
    const { cache } = build();
    const loads = Array.from({ length: 3 }, () =>
      cache.load('s:1', () => Promise.reject(new Error('away'))),
    );
    for (const load of loads) await expect(load).rejects.toThrow('away');
    expect(await cache.load('s:1', async () => ALICE)).toBe(ALICE);
  });

  it('reads again for whoever asked after a change, and again once for all of them', async () => {
    const { feed, cache } = build();
    const read = new SlowRead<Fact>();
    const before = cache.load('s:1', read.loader);
    feed.tell('u:alice');
    const after = [cache.load('s:1', read.loader), cache.load('s:1', read.loader)];
    read.answer(ALICE);
    expect(await before).toBe(ALICE);
    await new Promise(setImmediate);
    expect(read.calls).toBe(2);
    const changed = { user: 'alice, changed' };
    read.answer(changed);
    expect(await Promise.all(after)).toEqual([changed, changed]);
    expect(cache.size).toBe(1);
  });

  it('shares neither a no nor a read without the feed', async () => {
    const { feed, cache } = build();
    const read = new SlowRead<Fact>();
    const first = cache.load('s:1', read.loader);
    const second = cache.load('s:1', read.loader);
    read.answer(null);
    expect(await first).toBeNull();
    await new Promise(setImmediate);
    read.answer(ALICE);
    expect(await second).toBe(ALICE);
    feed.fresh = false;
    const apart = [cache.load('s:1', read.loader), cache.load('s:1', read.loader)];
    expect(read.calls).toBe(4);
    read.answer(ALICE);
    read.answer(ALICE);
    await Promise.all(apart);
  });

  it('leaves nothing behind in its indexes', async () => {
    const { feed, cache, remember } = build(50);
    for (let session = 0; session < 500; session++) {
      await remember(`s:${session}`, { user: `user-${session % 90}` });
      if (session % 7 === 0) feed.tell(`u:user-${session % 90}`);
    }
    for (let user = 0; user < 90; user++) feed.tell(`u:user-${user}`);
    const { dependents } = cache as unknown as { dependents: Map<string, unknown> };
    expect([cache.size, dependents.size]).toEqual([0, 0]);
  });
});
