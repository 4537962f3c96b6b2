import { Injectable } from '@nestjs/common';
import type { EntityManager, EntitySubscriberInterface, QueryRunner } from 'typeorm';
import type { SecurityEvent } from './domain/security-event.js';
import { SecurityLog } from './security-log.js';
import type { SecurityEventSubscriber } from './security-event-subscriber.js';

/** Tells the subscribers of every security event. The log is the first subscriber; folders above add theirs. */
@Injectable()
export class SecurityEvents {
  private readonly subscribers: SecurityEventSubscriber[] = [new SecurityLog()];
  /** Events of the transactions that are still open. */
  private readonly uncommitted = new WeakMap<QueryRunner, SecurityEvent[]>();
  /** Listens to the DataSources whose transactions have events. Savepoints neither commit nor discard events. */
  private readonly listener: EntitySubscriberInterface = {
    afterTransactionCommit: ({ queryRunner }) => this.conclude(queryRunner, true),
    afterTransactionRollback: ({ queryRunner }) => this.conclude(queryRunner, false),
  };

  /** Adds a subscriber, behind those that are there. */
  subscribe(subscriber: SecurityEventSubscriber): void {
    this.subscribers.push(subscriber);
  }

  /**
   * Records events with the change that they tell of, and announces them when that change is committed: nobody hears of
   * a change that was rolled back.
   *
   * @param transaction - the open transaction of the change; null where the change is committed already
   */
  async emit(transaction: EntityManager | null, events: readonly SecurityEvent[]): Promise<void> {
    if (events.length === 0) return;
    for (const subscriber of this.subscribers) await subscriber.record(events, transaction);
    const runner = transaction?.queryRunner;
    if (!transaction || !runner?.isTransactionActive) return this.announce(events);
    const { subscribers: listeners } = transaction.dataSource;
    if (!listeners.includes(this.listener)) listeners.push(this.listener);
    this.uncommitted.set(runner, [...(this.uncommitted.get(runner) ?? []), ...events]);
  }

  private conclude(runner: QueryRunner, isCommitted: boolean): void {
    if (runner.isTransactionActive) return;
    const events = this.uncommitted.get(runner) ?? [];
    this.uncommitted.delete(runner);
    if (isCommitted) this.announce(events);
  }

  private announce(events: readonly SecurityEvent[]): void {
    for (const subscriber of this.subscribers) subscriber.announce(events);
  }
}
