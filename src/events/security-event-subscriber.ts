import type { EntityManager } from 'typeorm';
import type { SecurityEvent } from './domain/security-event.js';

/** What hears of every security event: `SecurityEvents.subscribe(this)`. A subscriber overrides what it needs. */
export abstract class SecurityEventSubscriber {
  /**
   * Runs in the transaction of the change: what is written there is kept exactly when the change is kept. An error undoes
   * both.
   *
   * @param transaction - null where the change is committed already
   */
  record(
    _events: readonly SecurityEvent[],
    _transaction: EntityManager | null,
  ): Promise<void> | void {}

  /** Runs when the change is committed. Must not throw: the change stands. */
  announce(_events: readonly SecurityEvent[]): void {}
}
