import { Injectable, Logger } from '@nestjs/common';
import { Scheduled } from '../common/scheduled.decorator.js';
import { KnownClients } from './known-clients.js';
import { PostgresCounters } from './postgres-counters.js';

/**
 * Forgets counters that have ended, for guesses at names leave a row each, and clients that are not known any more. It
 * asks no setting: a limit that it did not know of would leave its rows for ever, and so would one that was switched off.
 */
@Injectable()
export class FlushExpiredAttemptsTask {
  private readonly logger = new Logger('FlushExpiredAttemptsTask');

  constructor(
    private readonly counters: PostgresCounters,
    private readonly clients: KnownClients,
  ) {}

  @Scheduled('23 */10 * * * *', 'flush-expired-attempts')
  async run(): Promise<void> {
    try {
      const deleted = (await this.counters.flush()) + (await this.clients.flush());
      if (deleted > 0) this.logger.log(`deleted ${deleted} expired attempts and known clients`);
    } catch (error) {
      this.logger.error(
        'the flush of attempts failed and will be tried again',
        error instanceof Error ? error.stack : undefined,
      );
    }
  }
}
