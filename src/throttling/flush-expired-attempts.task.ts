import { Injectable, Logger } from '@nestjs/common';
import { Scheduled } from '../common/scheduled.decorator.js';
import { AuthSettings } from '../config/auth-settings.js';
import { PostgresCounters } from './postgres-counters.js';

/** Forgets counters that have ended: guesses at names leave a row each. */
@Injectable()
export class FlushExpiredAttemptsTask {
  private readonly logger = new Logger('FlushExpiredAttemptsTask');

  constructor(
    private readonly settings: AuthSettings,
    private readonly counters: PostgresCounters,
  ) {}

  @Scheduled('23 */10 * * * *', 'flush-expired-attempts')
  async run(): Promise<void> {
    const { loginLimit, loginLimitAddress, refreshLimit } = this.settings;
    if (loginLimit === null && loginLimitAddress === null && refreshLimit === null) return;
    try {
      const deleted = await this.counters.flush();
      if (deleted > 0) this.logger.log(`deleted ${deleted} expired attempts`);
    } catch (error) {
      this.logger.error(
        'the flush of attempts failed and will be tried again',
        error instanceof Error ? error.stack : undefined,
      );
    }
  }
}
