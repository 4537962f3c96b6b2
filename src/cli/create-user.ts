import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { orExplain } from '../app.main.js';
import { trimText } from '../common/char-field.js';
import { readEnvironment } from '../config/environment.js';
import { ConfigError } from '../config/resolve-settings.js';
import { PasswordHasher } from '../users/password-hasher.js';
import { UsersService } from '../users/users.service.js';
import { withApplication } from './application.js';
import { promptPassword, readPassword } from './password-input.js';

/** Characters that Django's column for user names has. */
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
      'create a user; the password is asked for, or made and shown once where nobody can be asked',
    )
    .requiredOption('--username <name>', 'the name to log in with')
    .option('--email <address>', 'the e-mail address', '')
    .option('--staff', 'may administer other users', false)
    .option('--superuser', "Django's flag of that name", false)
    .option('--password-stdin', 'read the password from the first line of the input', false)
    .action((options: CreateUserOptions) =>
      orExplain('The user has not been created.', () => createUser(options)),
    );
}

async function createUser(options: CreateUserOptions): Promise<void> {
  checkUsername(options.username);
  const config = readEnvironment(process.env);
  const chosen = await choosePassword(options);
  const password = chosen ?? randomBytes(12).toString('base64url');
  await withApplication(config, async (app) => {
    const isCreated = await app.get(UsersService, { strict: false }).createMissing({
      username: options.username,
      password: await app.get(PasswordHasher, { strict: false }).hash(password),
      email: options.email,
      isStaff: options.staff,
      isSuperuser: options.superuser,
    });
    if (!isCreated) throw new ConfigError([`--username: ${options.username} is taken.`]);
    process.stdout.write(`Created the user ${options.username}.\n`);
    if (chosen === null) process.stdout.write(`Password (shown once): ${password}\n`);
  });
}

/** The operator's password, or null when one is to be made. */
async function choosePassword({ passwordStdin }: CreateUserOptions): Promise<string | null> {
  if (passwordStdin) {
    const password = await readPassword(process.stdin);
    if (password === '') throw new ConfigError(['--password-stdin: the input is empty.']);
    return password;
  }
  if (!process.stdin.isTTY) return null;
  return (await promptPassword('Password (empty: one is made): ')) || null;
}

/** Log-in trims names and refuses U+0000, so that a name with these could never be used. */
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
