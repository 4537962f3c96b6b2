import { Injectable, Logger } from '@nestjs/common';
import type { SecurityEvent } from './domain/security-event.js';
import type { RefreshAttempt } from './refresh-policy.js';
import type { SessionRow } from './session-row.js';

/** Tells the operator of refreshes that may be a theft: one structured line for each. */
@Injectable()
export class SecurityLog {
  private readonly logger = new Logger('SessionLedger');

  note(
    { event, isWarning, evidence }: SecurityEvent,
    session: SessionRow,
    { generation, context }: RefreshAttempt,
  ): void {
    this.logger[isWarning ? 'warn' : 'log']({
      event,
      session: session.id,
      user: session.user_id,
      generation,
      current: session.generation,
      ...(evidence && {
        class: evidence.position,
        distance: evidence.distance,
        fresh: evidence.isFresh,
        sameUserAgent: evidence.isSameUserAgent,
        network: evidence.network,
      }),
      ip: context.ip,
    });
  }
}
