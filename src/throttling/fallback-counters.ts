import { Logger } from '@nestjs/common';
import type { Clock } from '../common/clock.js';
import { Counters, type Limited } from './counters.js';

/** How long the first store is left alone after a failure, ms: nobody waits for it again and again. */
const PAUSE = 5000;

/**
 * Counts in the first store, and in the second one while the first is away. Limits hold within each; so an outage of the
 * first gives nobody more than twice the limit, and nobody is locked out by it.
 */
export class FallbackCounters extends Counters {
  private readonly logger = new Logger('FallbackCounters');
  /** Milliseconds since the epoch; until then the first store is not asked. */
  private pausedUntil = 0;

  constructor(
    private readonly first: Counters,
    private readonly second: Counters,
    private readonly clock: Clock,
  ) {
    super();
  }

  override hit(limited: readonly Limited[]): Promise<number> {
    return this.ask((counters) => counters.hit(limited));
  }

  override peek(limited: readonly Limited[]): Promise<number> {
    return this.ask((counters) => counters.peek(limited));
  }

  private async ask(question: (counters: Counters) => Promise<number>): Promise<number> {
    if (this.clock.now() >= this.pausedUntil) {
      try {
        return await question(this.first);
      } catch (error) {
        this.pausedUntil = this.clock.now() + PAUSE;
        const reason = error instanceof Error ? error.message : 'unknown';
        this.logger.warn(`attempts are counted in Postgres for now: ${reason}`);
      }
    }
    return question(this.second);
  }
}
