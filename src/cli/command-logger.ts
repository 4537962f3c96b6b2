import type { LogLevel } from '@nestjs/common';
import { ServerLogger } from '../server/logger.js';

/** The log of a command: JSON lines on standard error, since standard output has the command's result. */
export class CommandLogger extends ServerLogger {
  constructor() {
    super({ json: true });
  }

  protected override printMessages(
    messages: unknown[],
    context?: string,
    logLevel?: LogLevel,
    _stream?: 'stdout' | 'stderr',
    ...rest: [errorStack?: unknown, params?: Record<string, unknown>]
  ): void {
    super.printMessages(messages, context, logLevel, 'stderr', ...rest);
  }
}
