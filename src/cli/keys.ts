import { Logger } from '@nestjs/common';
import { Option, type Command } from 'commander';
import { exitOnOperatorError } from '../server/process.js';
import { readEnvironment } from '../config/environment.js';
import { withDataSource } from '../server/data-source.js';
import { RING_ALGORITHMS, type RingAlgorithm } from '../keys/domain/algorithm.js';
import {
  KeyRotationService,
  type KeyChange,
  type KeyDescription,
} from '../keys/key-rotation.service.js';
import type { Cause } from '../events/domain/security-event.js';
import { SecurityEvents } from '../events/security-events.js';
import { withDatabase } from './application.js';
import { CommandLogger } from './command-logger.js';

/** The cause that security events name: an operator at a shell of this machine. */
const BY_COMMAND: Cause = { actor: 'command', address: null };

const HEAD = ['kid', 'algorithm', 'state', 'created', 'signs since', 'retired', 'verifies until'];

interface RetireCommandOptions {
  readonly now: boolean;
  readonly successor: boolean;
}

/** `nest-simplejwt keys …`: the key ring (docs/recipes/rotate-keys.md). */
export function addKeys(program: Command): void {
  const keys = program.command('keys').description('the keys that sign and verify tokens');
  keys
    .command('generate')
    .description('make the next key: it is published, and signs when it is its turn')
    .addOption(
      new Option('--algorithm <name>', 'default: that of the key that signs').choices(
        RING_ALGORITHMS,
      ),
    )
    .action(({ algorithm }: { algorithm?: RingAlgorithm }) =>
      exitOnOperatorError('No key has been made.', () => generate(algorithm)),
    );
  keys
    .command('rotate')
    .description('let the next key sign (made if there is none); the old one goes on verifying')
    .action(() => exitOnOperatorError('The keys have not been rotated.', rotate));
  keys
    .command('retire')
    .description('take a key out of use before its time')
    .argument('<kid>')
    .option('--now', 'it stops verifying at once: for a key that may be stolen', false)
    .option('--no-successor', 'put no other key in its place: SIMPLE_JWT_SIGNING_KEY signs again')
    .action((kid: string, options: RetireCommandOptions) =>
      exitOnOperatorError('The key has not been retired.', () => retire(kid, options)),
    );
  keys
    .command('list')
    .description('show all keys')
    .option('--json', 'for programs', false)
    .action(({ json }: { json: boolean }) =>
      exitOnOperatorError('The keys cannot be shown.', () => list(json)),
    );
}

function generate(algorithm: RingAlgorithm | undefined): Promise<void> {
  return withKeys(async (keys) => {
    const key = await keys.generate(algorithm, BY_COMMAND);
    say(
      `The next key is ${key.kid} (${key.algorithm}). It is published, and signs when it is its turn.`,
    );
  });
}

function rotate(): Promise<void> {
  return withKeys(async (keys) => sayChange(await keys.rotate(BY_COMMAND)));
}

function retire(kid: string, options: RetireCommandOptions): Promise<void> {
  return withKeys(async (keys) => sayChange(await keys.retire(kid, options, BY_COMMAND)));
}

function list(json: boolean): Promise<void> {
  return withKeys(async (keys) => {
    const all = await keys.list();
    if (json) say(JSON.stringify(all, null, 2));
    else say(keyTable(all));
  });
}

function sayChange({ signing, retired, isUnannounced }: KeyChange): void {
  say(
    signing
      ? `${signing.kid} (${signing.algorithm}) signs.`
      : 'No key of the ring signs: SIMPLE_JWT_SIGNING_KEY does.',
  );
  if (retired?.state === 'ended') say(`${retired.kid} opens nothing any more.`);
  else if (retired) say(`${retired.kid} verifies until ${timeText(retired.verifiesUntil)}.`);
  if (isUnannounced) {
    say(
      'It was published less than ten minutes before: services that cache the JWK Set learn of it when they fetch it again.',
    );
  }
}

/** Runs without the server's modules: they refuse to start while a key cannot be decrypted, and these commands mend that. */
async function withKeys(work: (keys: KeyRotationService) => Promise<void>): Promise<void> {
  const config = readEnvironment(process.env);
  Logger.overrideLogger(new CommandLogger());
  await withDatabase(config, (databaseUrl) =>
    withDataSource(databaseUrl, (database) =>
      work(new KeyRotationService(database, config.settings, new SecurityEvents())),
    ),
  );
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** The keys as a text table. */
function keyTable(keys: readonly KeyDescription[]): string {
  if (keys.length === 0) return 'The ring holds no keys: SIMPLE_JWT_SIGNING_KEY signs.';
  const rows = [HEAD, ...keys.map(cellsOf)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** A time in ISO form, to the second. */
function timeText(time: number | null): string {
  return time === null ? '-' : new Date(time).toISOString().replace(/\.\d+Z$/, 'Z');
}

function cellsOf(key: KeyDescription): string[] {
  const { kid, algorithm, state, createdAt, activatedAt, retiredAt, verifiesUntil } = key;
  return [
    kid,
    algorithm,
    state,
    ...[createdAt, activatedAt, retiredAt, verifiesUntil].map(timeText),
  ];
}
