import type { Command } from 'commander';
import { exitOnOperatorError } from '../server/process.js';
import { readEnvironment } from '../config/environment.js';
import { withDatabase } from './application.js';

/** `nest-simplejwt migrate`: brings the schema up to date, as every start of the server does. */
export function addMigrate(program: Command): void {
  program
    .command('migrate')
    .description('bring the database up to date; the server does the same at every start')
    .action(() =>
      exitOnOperatorError('The database has not been migrated.', () =>
        withDatabase(readEnvironment(process.env), async () => {
          process.stdout.write('The database is up to date.\n');
        }),
      ),
    );
}
