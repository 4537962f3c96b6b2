import { UnavailableError } from '../common/errors.js';

/** How many may wait for the places of one key. */
const LONGEST_QUEUE = 250;

interface Queue {
  taken: number;
  readonly waiting: (() => void)[];
}

/** Lets only so many work at once for each key, on this node; the others wait in the order of their arrival. */
export class Places {
  private readonly queues = new Map<string, Queue>();

  /**
   * Does the work once one of `count` places is free.
   *
   * @throws UnavailableError when too many wait already
   */
  async run<T>(key: string, count: number, work: () => Promise<T>): Promise<T> {
    await this.take(key, count);
    try {
      return await work();
    } finally {
      this.free(key);
    }
  }

  private async take(key: string, count: number): Promise<void> {
    const queue = this.queues.get(key) ?? { taken: 0, waiting: [] };
    this.queues.set(key, queue);
    if (queue.taken < count) {
      queue.taken += 1;
      return;
    }
    if (queue.waiting.length >= LONGEST_QUEUE) throw new UnavailableError('login_queue_full');
    await new Promise<void>((resolve) => queue.waiting.push(resolve));
  }

  private free(key: string): void {
    const queue = this.queues.get(key);
    if (!queue) return;
    const next = queue.waiting.shift();
    // The place goes straight to the next one: nobody who comes just now can take it first.
    if (next) next();
    else if (queue.taken > 1) queue.taken -= 1;
    else this.queues.delete(key);
  }
}
