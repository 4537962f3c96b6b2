#!/usr/bin/env node
import { createRequire } from 'node:module';
import { Command } from 'commander';
import { addChangePassword } from './change-password.js';
import { addCreateClient } from './create-client.js';
import { addCreateUser } from './create-user.js';
import { addDocs } from './docs.js';
import { addEndSessions } from './end-sessions.js';
import { addFlushExpiredTokens } from './flush-expired-tokens.js';
import { addKeys } from './keys.js';
import { addMigrate } from './migrate.js';
import { addOpenApi } from './openapi.js';
import { addStart } from './start.js';

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

const program = new Command('nest-simplejwt')
  .description(
    'Token authentication with the wire format of SimpleJWT. All commands are configured by the same environment ' +
      'variables as the server; docs/settings.md lists them.',
  )
  .version(version)
  .showHelpAfterError('Try nest-simplejwt --help.');

for (const add of [
  addStart,
  addMigrate,
  addCreateUser,
  addChangePassword,
  addCreateClient,
  addFlushExpiredTokens,
  addEndSessions,
  addKeys,
  addOpenApi,
  addDocs,
]) {
  add(program);
}

await program.parseAsync();
