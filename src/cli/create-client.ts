import type { Command } from 'commander';
import { exitOnOperatorError } from '../server/process.js';
import { clientList } from '../config/client-list.js';
import { ConfigError } from '../config/config-error.js';
import { SettingProblem } from '../config/setting-type.js';
import { clientSecretDigest, newClientSecret } from '../oauth/client-secret.js';

/** `nest-simplejwt create-client <id>`: credentials of a service for `/oauth/revoke` and `/oauth/introspect`. */
export function addCreateClient(program: Command): void {
  program
    .command('create-client')
    .description(
      'make the credentials of a service that may call /oauth/revoke and /oauth/introspect; the secret is shown once and kept nowhere',
    )
    .argument('<id>', 'name of the service: letters, digits and . _ ~ -')
    .action((id: string) =>
      exitOnOperatorError('No client has been made.', async () => {
        const secret = newClientSecret();
        const client = `${id}:sha256-${clientSecretDigest(secret).toString('base64')}`;
        requireUsable(client);
        process.stdout.write(
          `Client id: ${id}\n` +
            `Client secret (shown once): ${secret}\n` +
            `Add to OAUTH_CLIENTS, after a comma if it is not empty: ${client}\n`,
        );
      }),
    );
}

function requireUsable(client: string): void {
  try {
    clientList.fromText(client);
  } catch (error) {
    if (!(error instanceof SettingProblem)) throw error;
    throw new ConfigError([
      '<id> holds something else than letters, digits and . _ ~ - Example: billing',
    ]);
  }
}
