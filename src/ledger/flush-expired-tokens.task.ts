import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Scheduled } from '../common/scheduled.decorator.js';
import { tryWithAdvisoryLock } from '../database/advisory-lock.js';
import { RefreshTokenLedger } from './refresh-token-ledger.js';

/** Forgets expired tokens every night, on one node only. */
@Injectable()
export class FlushExpiredTokensTask {
  private readonly logger = new Logger('FlushExpiredTokensTask');

  constructor(
    private readonly database: DataSource,
    private readonly ledger: RefreshTokenLedger,
  ) {}

  @Scheduled('17 3 * * *', 'flush-expired-tokens')
  async run(): Promise<void> {
    try {
      const deleted = await tryWithAdvisoryLock(this.database, 'flush', () => this.ledger.flush());
      if (deleted !== null) this.logger.log(`deleted ${deleted} expired tokens`);
    } catch (error) {
      this.logger.error(
        'the flush failed and will be tried again',
        error instanceof Error ? error.stack : undefined,
      );
    }
  }
}
