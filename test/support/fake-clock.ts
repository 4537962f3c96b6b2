import { Clock } from '../../src/common/clock.js';

/** Time that moves only when a test moves it. */
export class FakeClock extends Clock {
  constructor(private milliseconds: number = Date.now()) {
    super();
  }

  override now(): number {
    return this.milliseconds;
  }

  /** @param seconds - may be negative */
  advance(seconds: number): void {
    this.milliseconds += seconds * 1000;
  }
}
