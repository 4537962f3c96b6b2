import { UnavailableError } from './errors.js';

/** How much work a semaphore lets in. */
export interface SemaphoreLimits {
  /** Work that runs at the same time; at least 1. */
  readonly parallel: number;
  /** Work that may wait for a place; 0 means none. */
  readonly waiting: number;
  /** The reason that the log gives where work is turned away. */
  readonly fullReason: string;
}

/**
 * Runs so much work at a time, lets some more wait in order of arrival, and turns the rest away at once. A flood of
 * expensive requests then costs its senders an answer, not the server its memory.
 */
export class Semaphore {
  private readonly waiters: (() => void)[] = [];
  private running = 0;

  constructor(private readonly limits: SemaphoreLimits) {
    const { parallel } = limits;
    if (!Number.isSafeInteger(parallel) || parallel < 1) {
      throw new RangeError(`parallel must be a whole number from 1, not ${parallel}`);
    }
  }

  get isIdle(): boolean {
    return this.running === 0;
  }

  /**
   * Does the work once a place is free.
   *
   * @throws UnavailableError when too much work waits already
   */
  async run<T>(work: () => Promise<T>): Promise<T> {
    await this.enter();
    try {
      return await work();
    } finally {
      this.leave();
    }
  }

  private async enter(): Promise<void> {
    const { parallel, waiting, fullReason } = this.limits;
    if (this.running < parallel) {
      this.running += 1;
      return;
    }
    if (this.waiters.length >= waiting) throw new UnavailableError(fullReason);
    await new Promise<void>((resolve) => this.waiters.push(resolve));
  }

  private leave(): void {
    const next = this.waiters.shift();
    // The place passes on without becoming free: a newcomer cannot overtake those who wait.
    if (next) next();
    else this.running -= 1;
  }
}

/** A semaphore for each key, for as long as the key has work. */
export class KeyedSemaphore {
  private readonly semaphores = new Map<string, Semaphore>();

  constructor(private readonly limits: Omit<SemaphoreLimits, 'parallel'>) {}

  /**
   * Does the work once one of the key's places is free.
   *
   * @param parallel - how many places the key has, each time the same
   * @throws UnavailableError when too much work of this key waits already
   */
  async run<T>(key: string, parallel: number, work: () => Promise<T>): Promise<T> {
    const semaphore = this.semaphores.get(key) ?? new Semaphore({ ...this.limits, parallel });
    this.semaphores.set(key, semaphore);
    try {
      return await semaphore.run(work);
    } finally {
      if (semaphore.isIdle) this.semaphores.delete(key);
    }
  }
}
