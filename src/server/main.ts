import { favourSpeed } from './memory.js';
import { onceOrphanedByNpm } from './parent.js';
import { servesDocs, startServer, type RunningServer } from './server.js';
import type { Config } from '../config/environment.js';
import { ConfigError } from '../config/config-error.js';
import { EmbeddedPostgresError } from '../embedded-postgres/embedded-postgres-error.js';

/** How long everything may take to stop, ms; then the process goes without it. */
const STOP_LIMIT = 9500;

/**
 * Runs the server until SIGTERM or SIGINT, and tells the operator where it listens. `dist/main.js` and the command
 * without arguments are this.
 *
 * @throws ConfigError or EmbeddedPostgresError with what the operator has to change
 */
export async function runServer(config: Config): Promise<void> {
  const server = await startServer(config);
  stopOnSignal(server);
  favourSpeed();
  process.stdout.write(`${greeting(server, config)}\n`);
}

/**
 * Runs something that an operator asked for. What the operator can mend ends the process with exit code 1 and the
 * remedy; anything else is a fault of ours and keeps its stack.
 *
 * @param failure - the sentence before the remedy
 */
export async function orExplain(failure: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof EmbeddedPostgresError)) throw error;
    process.stderr.write(`${failure}\n${error.message}\n`);
    process.exit(1);
  }
}

function greeting(server: RunningServer, config: Config): string {
  const lines = [`nest-simplejwt listens on ${server.url}`];
  if (servesDocs(config)) lines.push(`  API documentation: ${server.url}/docs`);
  if (server.demoLogin) {
    const { username, password } = server.demoLogin;
    lines.push(
      `  A user to try it with (shown once): ${username} / ${password}`,
      '  Log in with:',
      `  curl -s ${server.url}/login/simpleJWT -H 'Content-Type: application/json' -d '${JSON.stringify({ username, password })}'`,
    );
  }
  return lines.join('\n');
}

function stopOnSignal(server: RunningServer): void {
  let isStopping = false;
  const stop = (): void => {
    if (isStopping) return;
    isStopping = true;
    setTimeout(() => process.exit(0), STOP_LIMIT).unref();
    server.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`stopping failed: ${String(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  onceOrphanedByNpm(stop);
}
