import type { Command } from 'commander';
import { exitOnOperatorError } from '../server/process.js';
import { runServer } from '../server/start.js';
import { readEnvironment } from '../config/environment.js';

/** `nest-simplejwt`, or `nest-simplejwt start`: the server, as `node dist/main.js` runs it. */
export function addStart(program: Command): void {
  program
    .command('start', { isDefault: true })
    .description('start the server (so does no command at all)')
    // A word that is no command ends up here, since this is the default.
    .allowExcessArguments()
    .action(async (_options: unknown, { args: [word] }: Command) => {
      if (word !== undefined) program.error(`error: unknown command '${word}'`);
      await exitOnOperatorError('The server cannot start.', () =>
        runServer(readEnvironment(process.env)),
      );
    });
}
