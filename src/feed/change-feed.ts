import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../common/clock.js';
import { databaseFault } from '../common/database-fault.js';
import { NEVER, ageOf, momentNow, type Moment } from '../common/moment.js';
import { AuthSettings } from '../config/auth-settings.js';
import { EVERYTHING, newsOf, oldestRunning, type Heartbeat } from './domain/heartbeat.js';
import { TrimSchedule } from './domain/trim-schedule.js';
import { feedAddress } from './feed-address.js';
import { FeedConnection } from './feed-connection.js';
import {
  FIND_SERVER,
  HEARTBEAT,
  TRIM,
  TRIM_SIZE,
  type HeartbeatRow,
  type ServerRow,
} from './feed-sql.js';
import { InterruptibleSleep } from './interruptible-sleep.js';
import { PoolWatch } from './pool-watch.js';

/** From the beginning of one heartbeat to that of the next, ms. */
const INTERVAL = 400;
/** How long ago the last successful heartbeat may have begun, ms. */
const OLDEST = 800;
/** How long a reader may have been away before it forgets everything, ms: changes are kept for five minutes only. */
const LONGEST_ABSENCE = 60_000;
/** Between heartbeats that notifications cause, ms: the first one is answered at once, a storm of them together. */
const LEAST_INTERVAL = 5;
/** Between attempts to connect, ms; the first one follows a loss at once. */
const PAUSES = [0, 50, 100, 200, 400, 1000];

const APART = "the feed's connection and the pool are not on one database";

/** A cache whose entries can become stale. Both methods return before the heartbeat counts. */
export interface FeedListener {
  /** @param key - `u:` and a user's primary key, or `s:` and a session's 32 hex digits */
  changed(key: string): void;
  /** Anything may have changed. */
  everythingChanged(): void;
}

/** What caches need of the feed. */
export interface Feed {
  /** Whether every change committed up to 800 ms ago has been told. */
  isFresh(): boolean;
  subscribe(listener: FeedListener): void;
}

/**
 * Follows the changes of users and sessions on a connection of its own (design §4). It does nothing but tell; while it
 * cannot prove that it is up to date, `isFresh` is false and its readers go to the database.
 */
@Injectable()
export class ChangeFeed implements Feed, OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('ChangeFeed');
  private readonly listeners: FeedListener[] = [];
  private readonly pause = new InterruptibleSleep();
  private readonly trims = new TrimSchedule();
  private readonly pool: PoolWatch;
  /** The last heartbeat on this connection. */
  private known: Heartbeat | null = null;
  /** When the last successful heartbeat began. */
  private begun: Moment = NEVER;
  private isStopping = false;
  private isAway = false;
  private following: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: DataSource,
    private readonly settings: AuthSettings,
    private readonly clock: Clock,
  ) {
    this.pool = new PoolWatch(database);
  }

  /** Waits for the first attempt only; a database that is away does not keep the application from starting. */
  async onModuleInit(): Promise<void> {
    this.pool.begin();
    await new Promise<void>((resolve) => {
      this.following = this.follow(resolve);
    });
  }

  async onApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    this.begun = NEVER;
    this.pause.interrupt();
    await this.following;
    this.pool.end();
  }

  isFresh(): boolean {
    return ageOf(this.begun, this.clock) <= OLDEST;
  }

  subscribe(listener: FeedListener): void {
    this.listeners.push(listener);
  }

  /** Until the end of the application: connects, follows, and connects again. */
  private async follow(onAttempt: () => void): Promise<void> {
    let failures = 0;
    while (!this.isStopping) {
      try {
        const connection = await this.connect();
        await this.followOn(connection, () => {
          failures = 0;
          onAttempt();
        }).finally(() => connection.close());
      } catch (error) {
        this.reportAway(error);
        onAttempt();
      }
      await this.pause.sleep(PAUSES[Math.min(failures++, PAUSES.length - 1)] ?? 0);
    }
  }

  private async followOn(connection: FeedConnection, onBeat: () => void): Promise<void> {
    await this.requireSameDatabase(connection);
    this.known = null;
    while (!this.isStopping) {
      const began = momentNow(this.clock);
      await this.beat(connection, began);
      onBeat();
      this.watchPool(connection, began.monotonic);
      await this.trim(connection, began.monotonic);
      await this.rest(began.monotonic);
    }
  }

  /** `DATABASE_FEED_URL` may name another database than the pool's, and a pooler may have moved on to another server. */
  private async requireSameDatabase(connection: FeedConnection): Promise<void> {
    const [row] = await connection.query<ServerRow>({ name: 'find-server', text: FIND_SERVER });
    if (row?.server !== (await this.pool.findServer())) throw new Error(APART);
  }

  /**
   * After a failover the pool may be on the new server and this connection still on the old one. A new connection finds
   * out for certain.
   */
  private watchPool(connection: FeedConnection, now: number): void {
    this.pool.ask(now, (server) => {
      if (server === this.known?.server) return;
      this.begun = NEVER;
      connection.close(new Error(APART));
      this.pause.interrupt();
    });
  }

  private connect(): Promise<FeedConnection> {
    const wake = (): void => this.pause.interrupt();
    const address = feedAddress(this.settings.databaseFeedUrl, this.database.options);
    return FeedConnection.open(address, { onNotification: wake, onLost: wake });
  }

  /** Until the next heartbeat is due, or a notification asks for one. */
  private async rest(began: number): Promise<void> {
    await this.pause.sleep(began + INTERVAL - performance.now());
    const early = began + LEAST_INTERVAL - performance.now();
    if (early > 0 && !this.isStopping) {
      await new Promise((resolve) => {
        setTimeout(resolve, early).unref();
      });
    }
  }

  private async beat(connection: FeedConnection, began: Moment): Promise<void> {
    const beat = await this.read(connection);
    if (this.isStopping) return;
    this.tell(beat);
    this.begun = began;
    this.reportBack();
  }

  private async read(connection: FeedConnection): Promise<Heartbeat> {
    const statement = {
      name: 'heartbeat',
      text: HEARTBEAT,
      values: [this.known?.position ?? null],
    };
    const [row] = await connection.query<HeartbeatRow>(statement);
    // A standby knows no more than what it has been sent.
    if (!row || row.is_standby) throw new Error('the database is a standby');
    const { position, server, backend, keys } = row;
    return { position, server, backend, keys: keys ?? [] };
  }

  /** How long this reader was away is asked once the answer is here: the process may have been suspended before. */
  private tell(beat: Heartbeat): void {
    const isLate = ageOf(this.begun, this.clock) > LONGEST_ABSENCE;
    const news = newsOf(isLate ? null : this.known, beat);
    for (const listener of this.listeners) {
      if (news === EVERYTHING) listener.everythingChanged();
      else for (const key of news) listener.changed(key);
    }
    this.known = beat;
  }

  private async trim(connection: FeedConnection, now: number): Promise<void> {
    if (this.known === null) return;
    this.trims.mark(now, { server: this.known.server, below: oldestRunning(this.known) });
    const below = this.trims.due(now);
    if (below === null) return;
    const statement = { name: 'trim', text: TRIM, values: [below] };
    const [row] = await connection.query<{ deleted: number }>(statement);
    if (row?.deleted === TRIM_SIZE) this.trims.continue();
  }

  private reportAway(error: unknown): void {
    if (this.isAway || this.isStopping) return;
    this.isAway = true;
    const { code, message } = error as { code?: string; message?: string };
    const reason = databaseFault(error) ?? code ?? message;
    this.logger.warn(`away (${reason}): until it is back, each request asks the database`);
  }

  private reportBack(): void {
    if (!this.isAway) return;
    this.isAway = false;
    this.logger.log('back');
  }
}
