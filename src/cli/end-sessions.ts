import type { INestApplicationContext } from '@nestjs/common';
import type { Command } from 'commander';
import { exitOnOperatorError } from '../server/process.js';
import { AuthSettings } from '../config/auth-settings.js';
import { readEnvironment } from '../config/environment.js';
import { ConfigError } from '../config/config-error.js';
import { RefreshTokenLedger } from '../ledger/refresh-token-ledger.js';
import { UserStore } from '../users/user-store.js';
import { withApplication } from './application.js';

/** What the command tells about tokens that it could not end. */
const REMAINDER = {
  django:
    'LEDGER=django: refresh tokens that the database knows are on the blacklist. Access tokens live to their exp; and tokens issued after the backup that was restored are not in it: to end these as well, change SIMPLE_JWT_SIGNING_KEY.',
  unchecked:
    'Access tokens live to their exp, since SIMPLE_JWT_CHECK_SESSION is off; only another SIMPLE_JWT_SIGNING_KEY ends them at once.',
};

/** `nest-simplejwt end-sessions`: for use after a backup is restored, in which ended sessions are active again. */
export function addEndSessions(program: Command): void {
  program
    .command('end-sessions')
    .description('end all sessions (for example after a backup is restored), or those of one user')
    .option('--user <name>', 'only those of the user who logs in with this name')
    .action(({ user }: { user?: string }) =>
      exitOnOperatorError('No session has been ended.', () =>
        withApplication(readEnvironment(process.env), (app) => endSessions(app, user)),
      ),
    );
}

async function endSessions(app: INestApplicationContext, username?: string): Promise<void> {
  const ledger = app.get(RefreshTokenLedger, { strict: false });
  if (username === undefined) {
    say(`Ended ${await ledger.endAll()} sessions.`);
  } else {
    const user = await app.get(UserStore, { strict: false }).findByUsername(username);
    if (user === null) {
      throw new ConfigError([`--user: there is no user ${username}. Example: --user alice`]);
    }
    await ledger.endOthers(String(user.id), null);
    say(`Ended the sessions of ${user.username}.`);
  }
  const settings = app.get(AuthSettings, { strict: false });
  if (settings.ledger === 'django') say(REMAINDER.django);
  else if (!settings.checkSession) say(REMAINDER.unchecked);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
