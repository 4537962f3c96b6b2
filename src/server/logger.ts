import { ConsoleLogger } from '@nestjs/common';

/** The contexts in which Nest logs its start: one line for each module and route, which no operator reads. */
const START_UP = new Set([
  'NestFactory',
  'NestApplication',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
]);

/** The server's log: JSON lines in production, readable lines elsewhere. */
export class ServerLogger extends ConsoleLogger {
  constructor(options: { json: boolean }) {
    super({ ...options, logLevels: ['log', 'warn', 'error', 'fatal'] });
  }

  override log(message: unknown, ...rest: unknown[]): void {
    const context = rest.at(-1);
    if (typeof context === 'string' && START_UP.has(context)) return;
    super.log(message, ...rest);
  }
}
