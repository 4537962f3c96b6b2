import { Injectable } from '@nestjs/common';
import { RepeatedTask } from '../common/repeated-task.js';
import { KnownClients } from './known-clients.js';
import { PostgresStore } from './postgres-store.js';

/**
 * Forgets counters that have ended, for guesses at names leave a row each, and clients that are not known any more; every
 * ten minutes. It asks no setting: a limit that it did not know of would leave its rows for ever, and so would one that
 * was switched off.
 */
@Injectable()
export class FlushExpiredAttemptsTask extends RepeatedTask {
  protected override readonly title = 'the flush of attempts';
  protected override readonly every = 10 * 60_000;
  protected override readonly offset = 23_000;

  constructor(
    private readonly counters: PostgresStore,
    private readonly clients: KnownClients,
  ) {
    super();
  }

  protected override async work(): Promise<void> {
    const deleted = (await this.counters.flush()) + (await this.clients.flush());
    if (deleted > 0) this.logger.log(`deleted ${deleted} expired attempts and known clients`);
  }
}
