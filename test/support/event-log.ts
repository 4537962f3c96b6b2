import { LogLines } from './log-lines.js';

/** A line of the log with its event. */
export type LoggedEvent = Readonly<Record<string, unknown>> & { readonly event: string };

/** Keeps security events apart from what else is logged. */
export class EventLog extends LogLines {
  private events: LoggedEvent[] = [];

  override log(message: unknown, ...rest: unknown[]): void {
    super.log(message, ...rest);
    if (rest.at(-1) === 'SecurityEvents') this.events.push(message as LoggedEvent);
  }

  /** Those since the last call. */
  take(): LoggedEvent[] {
    const taken = this.events;
    this.events = [];
    return taken;
  }
}
