import type { Clock } from './clock.js';

/** An instant on two clocks, ms: the monotonic one stands still while a machine sleeps, the wall clock may be set. */
export interface Moment {
  readonly monotonic: number;
  readonly wall: number;
}

/** Before everything. */
export const NEVER: Moment = { monotonic: -Infinity, wall: -Infinity };

export function momentNow(clock: Clock): Moment {
  return { monotonic: performance.now(), wall: clock.now() };
}

/** The time since a moment, ms, by the clock that says more. */
export function ageOf({ monotonic, wall }: Moment, clock: Clock): number {
  return Math.max(performance.now() - monotonic, clock.now() - wall);
}
