import * as fc from 'fast-check';
import type { Feed, FeedListener } from './change-feed.js';
import { VouchedCache, type FactLoader } from './vouched-cache.js';

/** A session's fact: how often it and its user had changed when it was read. */
interface Fact {
  readonly session: number;
  readonly user: number;
}

/** What the property needs of a cache. */
interface Cache extends FeedListener {
  find(key: string): Fact | undefined;
  load(key: string, loader: FactLoader<Fact>): Promise<Fact | null>;
}

const SESSIONS = ['s:0', 's:1', 's:2'];
const USERS = ['u:0', 'u:1'];
const userOf = (session: string): string => (session === 's:2' ? 'u:1' : 'u:0');

type Step =
  | { readonly do: 'commit'; readonly key: string }
  | { readonly do: 'load' | 'find'; readonly key: string }
  | { readonly do: 'read' | 'answer'; readonly which: number }
  | { readonly do: 'begin heartbeat' | 'end heartbeat' | 'lose heartbeat' | 'lose continuity' }
  | { readonly do: 'wait'; readonly ms: number };

/** A load whose statement takes its snapshot, and later answers, when the steps say so. */
class Reading {
  hasRead = false;
  private seen: Fact | null = null;

  constructor(
    private readonly look: () => Fact | null,
    private readonly resolve: (fact: Fact | null) => void,
  ) {}

  read(): void {
    this.seen = this.look();
    this.hasRead = true;
  }

  answer(): void {
    this.resolve(this.seen);
  }
}

/** One database and one node, all of whose steps the test orders. */
class World implements Feed {
  private now = 0;
  private begun = -Infinity;
  private readonly commits: string[] = [];
  private applied = 0;
  private beat: { readonly at: number; readonly upTo: number } | null = null;
  private told = new Map<string, number>();
  private listener: FeedListener;
  private readonly readings = new Set<Reading>();
  readonly problems: string[] = [];
  kept = 0;

  isFresh(): boolean {
    return this.now - this.begun <= 800;
  }

  subscribe(listener: FeedListener): void {
    this.listener = listener;
  }

  async take(cache: Cache, step: Step): Promise<void> {
    switch (step.do) {
      case 'commit':
        this.commits.push(step.key);
        break;
      case 'load':
        this.load(cache, step.key);
        break;
      case 'find': {
        const found = cache.find(step.key);
        if (found) {
          this.kept++;
          this.check(step.key, found, this.told, 'found');
        }
        break;
      }
      case 'read':
        this.pick(step.which, (one) => !one.hasRead)?.read();
        break;
      case 'answer':
        this.pick(step.which, (one) => one.hasRead)?.answer();
        break;
      case 'begin heartbeat':
        this.beat ??= { at: this.now, upTo: this.commits.length };
        break;
      case 'end heartbeat':
        this.endBeat(false);
        break;
      case 'lose continuity':
        this.endBeat(true);
        break;
      case 'lose heartbeat':
        this.beat = null;
        break;
      case 'wait':
        this.now += step.ms;
    }
    await new Promise(setImmediate);
  }

  /** Lets every load end. */
  async finish(): Promise<void> {
    while (this.readings.size > 0) {
      for (const reading of this.readings) {
        if (!reading.hasRead) reading.read();
        reading.answer();
      }
      await new Promise(setImmediate);
    }
  }

  private endBeat(isBroken: boolean): void {
    if (!this.beat) return;
    const { at, upTo } = this.beat;
    if (isBroken) this.listener.everythingChanged();
    else for (const key of this.commits.slice(this.applied, upTo)) this.listener.changed(key);
    this.applied = upTo;
    this.begun = at;
    this.told = this.countOf(upTo);
    this.beat = null;
  }

  private load(cache: Cache, key: string): void {
    const toldThen = this.told;
    const loader = async (): Promise<Fact | null> => {
      let reading: Reading | undefined;
      const answer = new Promise<Fact | null>((resolve) => {
        reading = new Reading(() => this.read(key), resolve);
        this.readings.add(reading);
      });
      const fact = await answer;
      this.readings.delete(reading!);
      return fact;
    };
    void cache.load(key, loader).then((fact) => {
      if (fact) this.check(key, fact, toldThen, 'loaded');
    });
  }

  private read(key: string): Fact | null {
    const counts = this.countOf(this.commits.length);
    const session = counts.get(key) ?? 0;
    // Every fourth state of a session is its end.
    return session % 4 === 3 ? null : { session, user: counts.get(userOf(key)) ?? 0 };
  }

  private check(key: string, fact: Fact, told: Map<string, number>, how: string): void {
    const isOld = fact.session < (told.get(key) ?? 0) || fact.user < (told.get(userOf(key)) ?? 0);
    if (isOld) this.problems.push(`${how} ${key} as of ${JSON.stringify(fact)}`);
  }

  private countOf(upTo: number): Map<string, number> {
    const counts = new Map<string, number>();
    for (const key of this.commits.slice(0, upTo)) counts.set(key, (counts.get(key) ?? 0) + 1);
    return counts;
  }

  private pick(which: number, isMeant: (one: Reading) => boolean): Reading | undefined {
    const candidates = [...this.readings].filter(isMeant);
    return candidates[which % candidates.length];
  }
}

const someSession = fc.constantFrom(...SESSIONS);
const someStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('commit' as const),
      key: fc.constantFrom(...SESSIONS, ...USERS),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('load' as const, 'find' as const),
      key: someSession,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('read' as const, 'answer' as const),
      which: fc.nat(5),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('begin heartbeat' as const, 'end heartbeat' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('lose heartbeat' as const, 'lose continuity' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.integer({ min: 1, max: 500 }),
    }),
  },
);

/** Plays random steps on a cache; the counter says that finds were really answered. */
function play(build: (world: World) => Cache, numRuns: number, counter = { kept: 0 }) {
  return fc.check(
    fc.asyncProperty(fc.array(someStep, { minLength: 20, maxLength: 80 }), async (steps) => {
      const world = new World();
      const cache = build(world);
      // Every story begins with a feed that works.
      await world.take(cache, { do: 'begin heartbeat' });
      await world.take(cache, { do: 'end heartbeat' });
      for (const step of steps) await world.take(cache, step);
      await world.finish();
      counter.kept += world.kept;
      expect(world.problems).toEqual([]);
    }),
    { numRuns, endOnFailure: true },
  );
}

const dependenciesOf = (_fact: Fact, key: string): string[] => [key, userOf(key)];

/** Keeps whatever a read answers. */
class CacheWithoutFillProtocol implements Cache {
  private readonly facts = new Map<string, Fact>();

  constructor(private readonly world: World) {
    world.subscribe(this);
  }

  find(key: string): Fact | undefined {
    return this.world.isFresh() ? this.facts.get(key) : undefined;
  }

  async load(key: string, loader: FactLoader<Fact>): Promise<Fact | null> {
    const fact = await loader();
    if (fact) this.facts.set(key, fact);
    return fact;
  }

  changed(changed: string): void {
    for (const key of this.facts.keys()) {
      if (key === changed || userOf(key) === changed) this.facts.delete(key);
    }
  }

  everythingChanged(): void {
    this.facts.clear();
  }
}

/** Shares every read that is under way. */
class CacheThatSharesAnyRead extends VouchedCache<Fact> {
  private readonly shared = new Map<string, Promise<Fact | null>>();

  override load(key: string, loader: FactLoader<Fact>): Promise<Fact | null> {
    const running = this.shared.get(key);
    if (running) return running;
    const load = super.load(key, loader).finally(() => this.shared.delete(key));
    this.shared.set(key, load);
    return load;
  }
}

describe('VouchedCache, whatever happens in whatever order', () => {
  jest.setTimeout(60_000);

  it('never gives a fact that is older than what the feed had told', async () => {
    const counter = { kept: 0 };
    const details = await play(
      (world) => new VouchedCache(world, { dependenciesOf }),
      2000,
      counter,
    );
    expect(fc.defaultReportMessage(details) ?? '').toBe('');
    // The stories are about something: facts were found.
    expect(counter.kept).toBeGreaterThan(500);
  });

  it('is told apart by these stories from a cache that keeps every answer', async () => {
    const { failed } = await play((world) => new CacheWithoutFillProtocol(world), 2000);
    expect(failed).toBe(true);
  });

  it('is told apart by these stories from a cache that shares every read', async () => {
    const options = { dependenciesOf };
    const { failed } = await play((world) => new CacheThatSharesAnyRead(world, options), 2000);
    expect(failed).toBe(true);
  });
});
