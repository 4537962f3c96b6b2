import type { Pool } from 'pg';
import type { DataSource } from 'typeorm';
import { poolOf } from '../database/prepared.js';
import { FIND_SERVER, type ServerRow } from './feed-sql.js';

/** Between questions, ms. */
const INTERVAL = 400;

/** Asks the pool of the requests where it is, again and again while it is used; an idle pool costs no statement. */
export class PoolWatch {
  /** How often the pool was used, and how often it had been when it was asked. */
  private uses = 0;
  private usesKnown = 0;
  /** When it was last asked, ms on the monotonic clock. */
  private asked = -Infinity;
  private isAsking = false;
  /** Kept, since the DataSource may be destroyed before the watch ends. */
  private pool: Pool | null = null;

  constructor(private readonly database: DataSource) {}

  begin(): void {
    this.pool = poolOf(this.database).on('acquire', this.noteUse);
  }

  end(): void {
    this.pool?.off('acquire', this.noteUse);
  }

  /** Where the pool is; null where it does not say. */
  async findServer(): Promise<string | null> {
    // The question itself is one more use.
    const uses = this.uses + 1;
    const [row] = await this.database.query<ServerRow[]>(FIND_SERVER);
    this.usesKnown = uses;
    return row?.server ?? null;
  }

  /**
   * Asks if it is time to. Nothing waits for the answer: a pool that is busy or away does not say where it is.
   *
   * @param now - ms on the monotonic clock
   */
  ask(now: number, onAnswer: (server: string | null) => void): void {
    const isUsed = this.uses > this.usesKnown;
    if (!isUsed || this.isAsking || now - this.asked < INTERVAL) return;
    this.asked = now;
    this.isAsking = true;
    this.findServer()
      .then(onAnswer)
      .catch(() => undefined)
      .finally(() => {
        this.isAsking = false;
      });
  }

  private readonly noteUse = (): void => {
    this.uses += 1;
  };
}
