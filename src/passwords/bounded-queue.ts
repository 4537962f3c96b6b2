import { UnavailableError } from '../common/errors.js';

/** How much work a queue takes. */
export interface BoundedQueueOptions {
  /** Tasks that run at the same time; at least 1. */
  parallel: number;
  /** Tasks that may wait for a place; 0 means that none may. */
  waiting: number;
  /** The reason that the log gives when a task is turned away. */
  fullReason: string;
}

/**
 * Runs a few tasks at a time, lets a few more wait their turn in order of arrival, and turns the rest
 * away at once. A flood of dear requests then costs its senders an answer, not the server its memory.
 */
export class BoundedQueue {
  // A set keeps the order of arrival and lets a caller that gave up leave from the middle.
  readonly #waiters = new Set<() => void>();
  #running = 0;

  constructor(private readonly options: BoundedQueueOptions) {
    const { parallel, waiting } = options;
    if (!Number.isSafeInteger(parallel) || parallel < 1) {
      throw new RangeError(`parallel must be a whole number from 1, not ${parallel}`);
    }
    if (!Number.isSafeInteger(waiting) || waiting < 0) {
      throw new RangeError(`waiting must be a whole number from 0, not ${waiting}`);
    }
  }

  /**
   * Runs the task when its turn comes and gives its outcome.
   *
   * @param signal gives the place in the queue up when it aborts; a task that has begun goes on
   * @throws {UnavailableError} `unavailable` when the queue is full, or the signal aborted while waiting
   */
  async run<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.#enter(signal);
    try {
      return await task();
    } finally {
      this.#leave();
    }
  }

  async #enter(signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) throw aborted(signal);
    if (this.#running < this.options.parallel) {
      this.#running += 1;
      return;
    }
    if (this.#waiters.size >= this.options.waiting) {
      throw new UnavailableError(this.options.fullReason, { retryAfterSeconds: 1 });
    }
    await this.#wait(signal);
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const onTurn = () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      const onAbort = () => {
        this.#waiters.delete(onTurn);
        reject(aborted(signal));
      };
      this.#waiters.add(onTurn);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  #leave(): void {
    const [next] = this.#waiters;
    if (next === undefined) {
      this.#running -= 1;
      return;
    }
    // The place passes on without becoming free, so that a newcomer cannot overtake who waits.
    this.#waiters.delete(next);
    next();
  }
}

/** Nobody reads the answer to an aborted request; 503 keeps it out of the log of our own faults. */
function aborted(signal: AbortSignal | undefined): UnavailableError {
  return new UnavailableError('request_aborted', { cause: signal?.reason });
}
