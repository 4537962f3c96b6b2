/**
 * What time it is. Everything that needs the time asks this seam, except for sessions, whose times are the
 * database's (design: verdicts must not depend on a node's clock).
 *
 * @publicApi
 */
export abstract class Clock {
  /** Milliseconds since the epoch. */
  abstract now(): number;

  /** Whole seconds since the epoch, rounded down: a NumericDate (RFC 7519 §2). */
  seconds(): number {
    return Math.floor(this.now() / 1000);
  }
}

/**
 * The machine's own clock.
 *
 * @publicApi
 */
export class SystemClock extends Clock {
  override now(): number {
    return Date.now();
  }
}
