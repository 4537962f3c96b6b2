import { Logger } from '@nestjs/common';
import { isWarning, type SecurityEvent } from './domain/security-event.js';
import { SecurityEventSubscriber } from './security-event-subscriber.js';

/** Writes one line of the log for each event; its members are those of the event. */
export class SecurityLog extends SecurityEventSubscriber {
  private readonly logger = new Logger('SecurityEvents');

  override announce(events: readonly SecurityEvent[]): void {
    for (const event of events) this.logger[isWarning(event) ? 'warn' : 'log'](event);
  }
}
