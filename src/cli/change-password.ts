import type { INestApplicationContext } from '@nestjs/common';
import type { Command } from 'commander';
import { readEnvironment } from '../config/environment.js';
import { ConfigError } from '../config/config-error.js';
import { SecurityEvents } from '../events/security-events.js';
import { RefreshTokenLedger } from '../ledger/refresh-token-ledger.js';
import { exitOnOperatorError } from '../server/process.js';
import { UserStore } from '../users/user-store.js';
import { withApplication } from './application.js';
import { newPassword, showGenerated, type ChosenPassword } from './chosen-password.js';

interface ChangePasswordOptions {
  readonly user: string;
  readonly passwordStdin: boolean;
}

/** `nest-simplejwt changepassword`: for a user who has lost the password. */
export function addChangePassword(program: Command): void {
  program
    .command('changepassword')
    .description(
      "change a user's password and end all of the user's sessions; the command asks for the password, or generates it and shows it once where there is no terminal",
    )
    .requiredOption('--user <name>', 'the user who logs in with this name')
    .option('--password-stdin', 'read the password from the first line of the input', false)
    .action((options: ChangePasswordOptions) =>
      exitOnOperatorError('The password has not been changed.', async () => {
        const config = readEnvironment(process.env);
        const password = await newPassword(config.settings, options);
        await withApplication(config, (app) => changePassword(app, options.user, password));
      }),
    );
}

async function changePassword(
  app: INestApplicationContext,
  username: string,
  password: ChosenPassword,
): Promise<void> {
  const users = app.get(UserStore, { strict: false });
  const user = await users.findByUsername(username);
  if (user === null) {
    throw new ConfigError([`--user: there is no user ${username}. Example: --user alice`]);
  }
  if (!(await users.changePassword(user, password.encoded, null))) {
    throw new ConfigError([`The password of ${username} was changed at the same time. Try again.`]);
  }
  const id = String(user.id);
  await app.get(RefreshTokenLedger, { strict: false }).passwordChanged(id, null);
  await app.get(SecurityEvents, { strict: false }).emit(null, [
    {
      event: 'password_changed',
      actor: 'command',
      address: null,
      target: `user:${id}`,
      keptSession: null,
    },
  ]);
  process.stdout.write(`Changed the password of ${user.username}.\n`);
  showGenerated(password);
}
