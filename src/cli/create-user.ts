import type { Command } from 'commander';
import { exitOnOperatorError } from '../server/process.js';
import { trimText } from '../http/char-field.js';
import { SystemClock } from '../common/clock.js';
import { readEnvironment } from '../config/environment.js';
import { ConfigError } from '../config/config-error.js';
import type { Settings } from '../config/settings.js';
import { withDataSource } from '../server/data-source.js';
import { User } from '../users/user.entity.js';
import { UsersService, type NewUser } from '../users/users.service.js';
import { withDatabase } from './application.js';
import { newPassword, showGenerated } from './chosen-password.js';

/** Length of Django's column for user names, in characters. */
const LONGEST_USERNAME = 150;

interface CreateUserOptions {
  readonly username: string;
  readonly email: string;
  readonly staff: boolean;
  readonly superuser: boolean;
  readonly passwordStdin: boolean;
}

/** `nest-simplejwt createuser`: a user who can log in. */
export function addCreateUser(program: Command): void {
  program
    .command('createuser')
    .description(
      'create a user; the command asks for the password, or generates it and shows it once where there is no terminal',
    )
    .requiredOption('--username <name>', 'the name to log in with')
    .option('--email <address>', 'the e-mail address', '')
    .option('--staff', 'may administer users who are not staff', false)
    .option('--superuser', 'may administer staff too; is staff', false)
    .option('--password-stdin', 'read the password from the first line of the input', false)
    .action((options: CreateUserOptions) =>
      exitOnOperatorError('The user has not been created.', () => createUser(options)),
    );
}

async function createUser(options: CreateUserOptions): Promise<void> {
  // Django stores and compares names in this form.
  const username = options.username.normalize('NFKC');
  checkUsername(username);
  const config = readEnvironment(process.env);
  const password = await newPassword(config.settings, options);
  await withDatabase(config, async (databaseUrl) => {
    const isCreated = await store(databaseUrl, config.settings, {
      username,
      password: password.encoded,
      email: options.email,
      // A superuser who is not staff could not use the staff views.
      isStaff: options.staff || options.superuser,
      isSuperuser: options.superuser,
    });
    if (!isCreated) throw new ConfigError([`--username: ${username} is taken.`]);
    process.stdout.write(`Created the user ${username}.\n`);
    showGenerated(password);
  });
}

/**
 * Stores the user, without the server's modules: they need a signing key, which this command does not, and would create
 * one in the current folder. False when the name is taken.
 */
function store(databaseUrl: string, settings: Settings, user: NewUser): Promise<boolean> {
  return withDataSource(databaseUrl, (database) => {
    const users = new UsersService(database.getRepository(User), settings, new SystemClock());
    return users.createMissing(user);
  });
}

/** The log-in trims names and refuses U+0000: a user whose name has such characters could never log in. */
function checkUsername(username: string): void {
  if (username === '' || trimText(username) !== username || username.includes('\0')) {
    throw new ConfigError([
      '--username is empty or begins or ends with white space. Example: --username alice',
    ]);
  }
  if (Array.from(username).length > LONGEST_USERNAME) {
    throw new ConfigError([`--username has more than ${LONGEST_USERNAME} characters.`]);
  }
}
