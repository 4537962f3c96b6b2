import type { Clock } from '../../src/common/clock.js';
import type { RateLimitKey } from '../../src/throttling/rate-limit-key.js';
import {
  RateLimitStore,
  longestWait,
  type RateLimitState,
} from '../../src/throttling/rate-limit-store.js';

/** Counters of one process, on a clock that a test moves. */
export class MemoryRateLimitStore extends RateLimitStore {
  private readonly counters = new Map<string, { attempts: number; endsAt: number }>();
  /** Set, every use fails with it. */
  failure: Error | null = null;
  uses = 0;

  constructor(private readonly clock: Clock) {
    super();
  }

  override async consume(keys: readonly RateLimitKey[]): Promise<number> {
    this.use();
    for (const { key, limit } of keys) {
      const live = this.find(key);
      if (live) live.attempts += 1;
      else {
        const endsAt = this.clock.now() + limit.window * 1000;
        this.counters.set(key, { attempts: 1, endsAt });
      }
    }
    return longestWait(keys, this.states(keys), 1);
  }

  override async get(keys: readonly RateLimitKey[]): Promise<number> {
    this.use();
    return longestWait(keys, this.states(keys), 0);
  }

  private use(): void {
    this.uses += 1;
    if (this.failure) throw this.failure;
  }

  private find(key: string): { attempts: number; endsAt: number } | undefined {
    const counter = this.counters.get(key);
    return counter && counter.endsAt > this.clock.now() ? counter : undefined;
  }

  private states(keys: readonly RateLimitKey[]): Map<string, RateLimitState> {
    const states = new Map<string, RateLimitState>();
    for (const { key } of keys) {
      const live = this.find(key);
      if (!live) continue;
      const seconds = (live.endsAt - this.clock.now()) / 1000;
      states.set(key, { attempts: live.attempts, seconds });
    }
    return states;
  }
}
