import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { ConfigError } from '../config/config-error.js';
import type { Settings } from '../config/settings.js';
import { DjangoPasswordHasher } from '../passwords/django-password-hasher.js';
import { PasswordPolicy } from '../passwords/password-policy.js';

/** A new password of a command. */
export interface ChosenPassword {
  /** As it is stored (contract §15). */
  readonly encoded: string;
  /** What the command made and has to show once; null where the operator chose. */
  readonly generated: string | null;
}

/**
 * The new password: typed at the terminal, read from the input, or made where there is neither.
 *
 * @throws ConfigError that names each problem of a password that the operator chose
 */
export async function newPassword(
  settings: Settings,
  options: { readonly passwordStdin: boolean },
): Promise<ChosenPassword> {
  const chosen = await choosePassword(options);
  if (chosen !== null) await checkPassword(chosen, settings);
  const password = chosen ?? randomBytes(12).toString('base64url');
  const encoded = await new DjangoPasswordHasher({ preferred: settings.passwordHasher }).hash(
    password,
  );
  return { encoded, generated: chosen === null ? password : null };
}

/** Shows a password that the command has made. */
export function showGenerated({ generated }: ChosenPassword): void {
  if (generated !== null) process.stdout.write(`Password (shown once): ${generated}\n`);
}

/** The password that the operator chose; null when the command is to generate one. */
async function choosePassword({
  passwordStdin,
}: {
  readonly passwordStdin: boolean;
}): Promise<string | null> {
  if (passwordStdin) {
    const password = await readPassword(process.stdin);
    if (password === '') throw new ConfigError(['--password-stdin: the input is empty.']);
    return password;
  }
  if (!process.stdin.isTTY) return null;
  return (await promptPassword('Password (empty: one is made): ')) || null;
}

/** @throws ConfigError that names each problem of the password */
async function checkPassword(password: string, settings: Settings): Promise<void> {
  const problems = await new PasswordPolicy(settings).problems(password);
  if (problems.length > 0) throw new ConfigError(problems);
}

/** The first line of a stream; empty when the stream is. */
async function readPassword(input: NodeJS.ReadableStream): Promise<string> {
  const lines = createInterface({ input, crlfDelay: Infinity });
  try {
    for await (const line of lines) return line;
    return '';
  } finally {
    lines.close();
  }
}

/** Asks for a password at the terminal, without showing what is typed. */
async function promptPassword(question: string): Promise<string> {
  process.stderr.write(question);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  try {
    return await terminal.question('');
  } finally {
    terminal.close();
    process.stderr.write('\n');
  }
}
