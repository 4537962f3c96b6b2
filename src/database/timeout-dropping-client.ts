import type pg from 'pg';
import { VerifyingClient } from './verifying-client.js';

type Callback = (error: Error | null, result?: unknown) => void;

/** The connections of each pool: all of them are given the same options object. */
const pools = new WeakMap<object, Set<TimeoutDroppingClient>>();

/**
 * A connection that is given up once a query has timed out on it, together with those of its pool that have been silent
 * since: what swallowed one answer will most likely swallow theirs, and each one that is handed out costs a request its
 * whole patience. pg itself leaves such a connection in use, perhaps in the middle of a transaction.
 */
export class TimeoutDroppingClient extends VerifyingClient {
  private readonly siblings: Set<TimeoutDroppingClient>;
  /** Queries that have not been answered. */
  private running = 0;
  /** When the server last said something, ms; while it has said nothing yet, there is another limit. */
  private heardAt = Infinity;

  constructor(options: pg.ClientConfig) {
    super(options);
    this.siblings = pools.get(options) ?? new Set();
    pools.set(options, this.siblings);
    this.siblings.add(this);
    this.once('connect', () => {
      this.heardAt = performance.now();
    });
    this.once('end', () => this.siblings.delete(this));
  }

  // pg declares a dozen overloads; all of them end in these two places.
  override query(...parameters: unknown[]): never {
    const sentAt = performance.now();
    this.running += 1;
    const callback = parameters.at(-1);
    if (typeof callback === 'function') {
      parameters[parameters.length - 1] = (error: Error | null, result?: unknown) => {
        this.settle(sentAt, error);
        (callback as Callback)(error, result);
      };
    }
    const run = super.query.bind(this) as (...args: unknown[]) => unknown;
    const answer = run(...parameters);
    if (answer instanceof Promise) {
      answer.then(
        () => this.settle(sentAt, null),
        (error: Error) => this.settle(sentAt, error),
      );
    }
    return answer as never;
  }

  private settle(sentAt: number, error: Error | null): void {
    this.running -= 1;
    if (error?.message !== 'Query read timeout') {
      this.heardAt = performance.now();
      return;
    }
    // At once, and before the caller that waits for the answer can release it: so the pool does not take it back.
    void this.end();
    this.connection.stream.destroy();
    for (const sibling of this.siblings) {
      if (sibling.running === 0 && sibling.heardAt < sentAt) sibling.cut();
    }
  }

  /** The pool, or the caller that holds this connection, hears of it as of any other one that breaks. */
  private cut(): void {
    // The socket reports its end a little later, and until then the pool would hand this out to a request.
    if (this.listenerCount('error') > 0) {
      this.connection.emit(
        'error',
        new Error('Connection terminated: its pool has lost the server'),
      );
    }
    this.connection.stream.destroy();
  }
}
