import type { Clock } from '../common/clock.js';
import { NEVER, ageOf, momentNow, type Moment } from '../common/moment.js';
import type { Feed } from '../feed/change-feed.js';

/** How old the last read may be while the feed cannot vouch for it, ms. */
const OLDEST = 800;
/** From one read to the next one that an unknown key id causes, ms: invented ids must not cause a storm of reads. */
const COOL_DOWN = 1000;

/** Reads the ring when that is needed, one read at a time, and knows whether the last read still counts. */
export class RingReader {
  /** How many changes were announced, and how many of them the last read has certainly seen. */
  private heard = 0;
  private seen = -1;
  /** When the last successful read began. */
  private begun: Moment = NEVER;
  /** When the last read began, also if it failed; monotonic, ms. */
  private tried = -Infinity;
  private reading: Promise<void> | null = null;
  /** A read that has not begun yet. */
  private coming: Promise<void> | null = null;

  /** @param load - reads the database and keeps what it finds; throws when it cannot */
  constructor(
    private readonly load: () => Promise<void>,
    private readonly feed: Pick<Feed, 'isFresh'>,
    private readonly clock: Clock,
  ) {}

  /** Whether the database has ever answered. */
  get hasRead(): boolean {
    return this.seen >= 0;
  }

  /** Something has changed: the last read does not count any more. */
  noteChange(): void {
    this.heard++;
  }

  /** Whether every change that was committed up to 800 ms ago has been read. */
  isCurrent(): boolean {
    if (this.seen !== this.heard) return false;
    return this.feed.isFresh() || ageOf(this.begun, this.clock) <= OLDEST;
  }

  /** Waits until the ring is known as it was when this was called, or later. */
  async settle(): Promise<void> {
    const called = performance.now();
    while (!this.isCurrent() && this.begun.monotonic < called) await this.read();
  }

  /** Reads until all changes that were announced meanwhile have been seen. */
  async catchUp(): Promise<void> {
    do await this.read();
    while (this.seen !== this.heard);
  }

  /** Waits for a read that begins after this call: at most one read a second, however many calls there are. */
  readAnew(): Promise<void> {
    this.coming ??= this.readLater();
    return this.coming;
  }

  private async readLater(): Promise<void> {
    const wait = this.tried + COOL_DOWN - performance.now();
    if (wait > 0) {
      await new Promise((resolve) => {
        setTimeout(resolve, wait);
      });
    }
    // A read that is under way began before some of the waiting calls.
    await this.reading?.catch(() => undefined);
    this.coming = null;
    await this.read();
  }

  private read(): Promise<void> {
    this.reading ??= this.begin().finally(() => {
      this.reading = null;
    });
    return this.reading;
  }

  private async begin(): Promise<void> {
    const { heard } = this;
    const begun = momentNow(this.clock);
    this.tried = begun.monotonic;
    await this.load();
    this.seen = heard;
    this.begun = begun;
  }
}
