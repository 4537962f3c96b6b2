import { Injectable } from '@nestjs/common';
import { RepeatedTask } from '../common/repeated-task.js';
import { AuthSettings } from '../config/auth-settings.js';
import { PostgresCounters } from './postgres-counters.js';

/** Forgets counters that have ended, every ten minutes: guesses at names leave a row each. */
@Injectable()
export class FlushExpiredAttemptsTask extends RepeatedTask {
  protected override readonly title = 'the flush of attempts';
  protected override readonly every = 10 * 60_000;
  protected override readonly offset = 23_000;

  constructor(
    private readonly settings: AuthSettings,
    private readonly counters: PostgresCounters,
  ) {
    super();
  }

  protected override async work(): Promise<void> {
    const { loginLimit, loginLimitAddress, refreshLimit } = this.settings;
    if (loginLimit === null && loginLimitAddress === null && refreshLimit === null) return;
    const deleted = await this.counters.flush();
    if (deleted > 0) this.logger.log(`deleted ${deleted} expired attempts`);
  }
}
