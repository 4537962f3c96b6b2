import { startServer, type RunningServer } from './app.server.js';
import { readEnvironment } from './config/environment.js';
import { ConfigError } from './config/resolve-settings.js';
import { EmbeddedPostgresError } from './database/embedded-postgres-error.js';

/** How long everything may take to stop, ms; then the process goes without it. */
const STOP_LIMIT = 9500;

function greeting(server: RunningServer): string {
  const lines = [
    `nest-simplejwt listens on ${server.url}`,
    `  API documentation: ${server.url}/docs`,
  ];
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
}

try {
  const server = await startServer(readEnvironment(process.env));
  stopOnSignal(server);
  process.stdout.write(`${greeting(server)}\n`);
} catch (error) {
  if (!(error instanceof ConfigError || error instanceof EmbeddedPostgresError)) throw error;
  process.stderr.write(`The server cannot start.\n${error.message}\n`);
  process.exit(1);
}
