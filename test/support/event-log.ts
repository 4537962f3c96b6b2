import { LogLines } from './log-lines.js';

/** A line of the log with its event. */
export type LoggedEvent = Readonly<Record<string, unknown>> & { readonly event: string };

/** Keeps security events apart from what else is logged. */
export class EventLog extends LogLines {
  private taken: LoggedEvent[] = [];

  override log(message: unknown, ...rest: unknown[]): void {
    super.log(message, ...rest);
    this.keep(message, rest);
  }

  override warn(message: unknown, ...rest: unknown[]): void {
    super.warn(message, ...rest);
    this.keep(message, rest);
  }

  /** Those since the last call. */
  take(): LoggedEvent[] {
    const { taken } = this;
    this.taken = [];
    return taken;
  }

  private keep(message: unknown, rest: readonly unknown[]): void {
    if (rest.at(-1) === 'SecurityEvents') this.taken.push(message as LoggedEvent);
  }
}
