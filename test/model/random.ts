/** Random numbers that a seed repeats, so that a figure or a failure can be had again. */
export interface Random {
  /** Uniform in [0, 1). */
  readonly uniform: () => number;
  /** Whether something of this probability happens. */
  readonly chance: (probability: number) => boolean;
  /** Exponentially distributed with this mean: the time until something that may happen at any time. */
  readonly exponential: (mean: number) => number;
}

// A global is slow to reach from inside Jest's sandbox, and these are called for every event.
const { imul, log } = Math;

/** A source of random numbers: a 32-bit counter run through a mixing function (Mulberry32). */
export function seededRandom(seed: number): Random {
  let counter = seed | 0;
  const uniform = () => {
    counter = (counter + 0x6d2b79f5) | 0;
    let mixed = imul(counter ^ (counter >>> 15), counter | 1);
    mixed ^= mixed + imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    uniform,
    chance: (probability) => uniform() < probability,
    exponential: (mean) => -log(1 - uniform()) * mean,
  };
}
