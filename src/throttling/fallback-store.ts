import { Logger } from '@nestjs/common';
import type { Clock } from '../common/clock.js';
import type { RateLimitKey } from './rate-limit-key.js';
import { RateLimitStore } from './rate-limit-store.js';

/** How long the first store is left alone after a failure, ms: requests do not wait for it again and again. */
const PAUSE = 5000;

/**
 * Counts in the first store, and in the second one while the first is away. Limits hold within each; so an outage of the
 * first store at most doubles a limit, and locks nobody out.
 */
export class FallbackStore extends RateLimitStore {
  private readonly logger = new Logger('FallbackStore');
  /** Milliseconds since the epoch; until then the first store is not asked. */
  private pausedUntil = 0;

  constructor(
    private readonly first: RateLimitStore,
    private readonly second: RateLimitStore,
    private readonly clock: Clock,
  ) {
    super();
  }

  override consume(keys: readonly RateLimitKey[]): Promise<number> {
    return this.ask((store) => store.consume(keys));
  }

  override get(keys: readonly RateLimitKey[]): Promise<number> {
    return this.ask((store) => store.get(keys));
  }

  private async ask(question: (store: RateLimitStore) => Promise<number>): Promise<number> {
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
