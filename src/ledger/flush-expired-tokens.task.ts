import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { RepeatedTask } from '../common/repeated-task.js';
import { tryWithAdvisoryLock } from '../database/advisory-lock.js';
import { RefreshTokenLedger } from './refresh-token-ledger.js';

/** Forgets expired tokens every night at 3:17 UTC, on one node only. */
@Injectable()
export class FlushExpiredTokensTask extends RepeatedTask {
  protected override readonly title = 'the flush';
  protected override readonly every = 24 * 60 * 60_000;
  protected override readonly offset = (3 * 60 + 17) * 60_000;

  constructor(
    private readonly database: DataSource,
    private readonly ledger: RefreshTokenLedger,
  ) {
    super();
  }

  protected override async work(): Promise<void> {
    const deleted = await tryWithAdvisoryLock(this.database, 'flush', () => this.ledger.flush());
    if (deleted !== null) this.logger.log(`deleted ${deleted} expired tokens`);
  }
}
