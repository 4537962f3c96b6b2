import type { Command } from 'commander';
import { DataSource } from 'typeorm';
import { exitOnOperatorError } from '../server/process.js';
import { readEnvironment } from '../config/environment.js';
import { tryWithAdvisoryLock } from '../database/advisory-lock.js';
import { RefreshTokenLedger } from '../ledger/refresh-token-ledger.js';
import { withApplication } from './application.js';

/** `nest-simplejwt flushexpiredtokens`: SimpleJWT's command of that name (contract §14), which deletes in batches. */
export function addFlushExpiredTokens(program: Command): void {
  program
    .command('flushexpiredtokens')
    .description('forget what can never be used again; the server does the same every night')
    .action(() =>
      exitOnOperatorError('Nothing has been deleted.', () =>
        withApplication(readEnvironment(process.env), async (app) => {
          const ledger = app.get(RefreshTokenLedger, { strict: false });
          const database = app.get(DataSource, { strict: false });
          const deleted = await tryWithAdvisoryLock(database, 'flush', () => ledger.flush());
          process.stdout.write(
            deleted === null
              ? 'Another process is deleting expired rows at the moment.\n'
              : `Deleted ${deleted} expired rows.\n`,
          );
        }),
      ),
    );
}
