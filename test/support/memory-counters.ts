import type { Clock } from '../../src/common/clock.js';
import {
  Counters,
  longestWait,
  type CounterState,
  type Limited,
} from '../../src/throttling/counters.js';

/** Counters of one process, on a clock that a test moves. */
export class MemoryCounters extends Counters {
  private readonly counters = new Map<string, { attempts: number; endsAt: number }>();
  /** Set, every use fails with it. */
  failure: Error | null = null;
  uses = 0;

  constructor(private readonly clock: Clock) {
    super();
  }

  override async hit(limited: readonly Limited[]): Promise<number> {
    this.use();
    for (const { key, limit } of limited) {
      const live = this.find(key);
      if (live) live.attempts += 1;
      else {
        const endsAt = this.clock.now() + limit.window * 1000;
        this.counters.set(key, { attempts: 1, endsAt });
      }
    }
    return longestWait(limited, this.states(limited), 1);
  }

  override async peek(limited: readonly Limited[]): Promise<number> {
    this.use();
    return longestWait(limited, this.states(limited), 0);
  }

  private use(): void {
    this.uses += 1;
    if (this.failure) throw this.failure;
  }

  private find(key: string): { attempts: number; endsAt: number } | undefined {
    const counter = this.counters.get(key);
    return counter && counter.endsAt > this.clock.now() ? counter : undefined;
  }

  private states(limited: readonly Limited[]): Map<string, CounterState> {
    const states = new Map<string, CounterState>();
    for (const { key } of limited) {
      const live = this.find(key);
      if (!live) continue;
      const seconds = (live.endsAt - this.clock.now()) / 1000;
      states.set(key, { attempts: live.attempts, seconds });
    }
    return states;
  }
}
