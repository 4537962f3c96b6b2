import type { Feed, FeedListener } from './change-feed.js';
import { ChangeLog } from './domain/change-log.js';

/** How a cache of facts is kept. */
export interface VouchedCacheOptions<T> {
  /** Entries at most; the least recently used one goes. 10 000 by default. */
  readonly capacity?: number;
  /** Change keys that make a fact wrong: `s:` and the session's 32 hex digits, `u:` and the user's primary key. */
  readonly dependenciesOf: (fact: T, key: string) => readonly string[];
}

/** Reads a fact from the primary database; null when it is not so. */
export type FactLoader<T> = () => Promise<T | null>;

interface Entry<T> {
  readonly fact: T;
  readonly dependencies: readonly string[];
  /** The cache's tick at which the entry became the youngest. */
  movedAt: number;
}

interface Loaded<T> {
  readonly fact: T | null;
  /** Whether nothing that the fact depends on was heard to change since the load began. */
  readonly isCurrent: boolean;
}

/**
 * Positive facts about users and sessions, kept only as long as the change feed vouches for them (design §4): a missing
 * entry costs a read, and a change is never overlooked. "No" is not remembered.
 */
export class VouchedCache<T> implements FeedListener {
  /** Oldest first, by last use. */
  private readonly entries = new Map<string, Entry<T>>();
  /** Change key → keys of the other entries that depend on it. */
  private readonly dependents = new Map<string, Set<string>>();
  private readonly loads = new Map<string, Promise<Loaded<T>>>();
  private readonly log = new ChangeLog();
  private readonly capacity: number;
  /** Counts how often an entry became the youngest one. */
  private tick = 0;

  constructor(
    private readonly feed: Feed,
    private readonly options: VouchedCacheOptions<T>,
  ) {
    this.capacity = options.capacity ?? 10_000;
    feed.subscribe(this);
  }

  /** How many facts are kept. */
  get size(): number {
    return this.entries.size;
  }

  /** The fact, if it is known and vouched for; else it has to be loaded. */
  find(key: string): T | undefined {
    if (!this.feed.isFresh()) return undefined;
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    // In the younger half there is no need to become the youngest: a steady state of hits writes nothing.
    if (this.tick - entry.movedAt >= this.capacity / 2) {
      this.entries.delete(key);
      this.renew(key, entry);
    }
    return entry.fact;
  }

  /**
   * Reads a fact and keeps it, unless a change of it came meanwhile. Simultaneous calls for one key share one read; but
   * no call is answered with what was read before a change that had been heard when the call was made.
   */
  async load(key: string, loader: FactLoader<T>): Promise<T | null> {
    for (let joined = 0; joined < 2; joined++) {
      // Without the feed no change would be heard between the read's beginning and this call.
      const running = this.feed.isFresh() ? this.loads.get(key) : undefined;
      if (running === undefined) return (await this.begin(key, loader)).fact;
      const loaded = await running;
      if (loaded.isCurrent) return loaded.fact;
      // A "no" depends on nothing that could be watched.
      if (loaded.fact === null) break;
    }
    return (await this.read(key, loader)).fact;
  }

  changed(key: string): void {
    this.log.record(key);
    this.drop(key);
    for (const dependent of this.dependents.get(key) ?? []) this.drop(dependent);
  }

  everythingChanged(): void {
    this.log.recordEverything();
    this.entries.clear();
    this.dependents.clear();
  }

  private begin(key: string, loader: FactLoader<T>): Promise<Loaded<T>> {
    const load = this.read(key, loader).finally(() => {
      if (this.loads.get(key) === load) this.loads.delete(key);
    });
    this.loads.set(key, load);
    return load;
  }

  /** The log is opened before the statement is sent, so that it names every change that the statement may not see. */
  private async read(key: string, loader: FactLoader<T>): Promise<Loaded<T>> {
    const start = this.log.open();
    try {
      const fact = await loader();
      if (fact === null || !this.feed.isFresh()) return { fact, isCurrent: false };
      const dependencies = this.options.dependenciesOf(fact, key);
      const isCurrent = this.log.isUnchanged(dependencies, start);
      if (isCurrent) this.keep(key, { fact, dependencies, movedAt: 0 });
      return { fact, isCurrent };
    } finally {
      this.log.close();
    }
  }

  private keep(key: string, entry: Entry<T>): void {
    this.drop(key);
    this.renew(key, entry);
    for (const dependency of entry.dependencies) {
      if (dependency === key) continue;
      const keys = this.dependents.get(dependency);
      if (keys) keys.add(key);
      else this.dependents.set(dependency, new Set([key]));
    }
    if (this.entries.size > this.capacity) {
      const [oldest] = this.entries.keys();
      if (oldest !== undefined) this.drop(oldest);
    }
  }

  private renew(key: string, entry: Entry<T>): void {
    entry.movedAt = ++this.tick;
    this.entries.set(key, entry);
  }

  private drop(key: string): void {
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    this.entries.delete(key);
    for (const dependency of entry.dependencies) {
      const keys = this.dependents.get(dependency);
      keys?.delete(key);
      if (keys?.size === 0) this.dependents.delete(dependency);
    }
  }
}
