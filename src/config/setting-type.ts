/**
 * What a setting's value looks like, in the environment (text) and in options (a value).
 * A reader returns the value, or throws `SettingProblem` with what is wrong.
 */
export interface SettingType<T> {
  /** For the tables in the docs. */
  readonly name: string;
  /** A value that would be accepted, as it is written in the environment. */
  readonly example: string;
  readonly fromText: (text: string) => T;
  /** Checks a value given in code; text is read as in the environment. */
  readonly fromOption: (value: unknown) => T;
  /** Nothing of a value may be shown, not even a part. */
  readonly isSecret?: true;
  /** The value as the docs show it. */
  readonly show: (value: T) => string;
}

/** What is wrong with a value, as the words after the setting's name. The text never repeats a value that may be a secret. */
export class SettingProblem extends Error {
  override readonly name = 'SettingProblem';
}

function problem(text: string): never {
  throw new SettingProblem(text);
}

const UNIT_SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;
const DURATION = /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/;

function secondsFromText(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  const match = DURATION.exec(text);
  if (!match || text === '') return problem('is not a duration');
  const [, days = 0, hours = 0, minutes = 0, seconds = 0] = match.map((part) => Number(part ?? 0));
  return days * UNIT_SECONDS.d + hours * UNIT_SECONDS.h + minutes * UNIT_SECONDS.m + seconds;
}

function durationText(seconds: number): string {
  for (const unit of ['d', 'h', 'm'] as const) {
    if (seconds > 0 && seconds % UNIT_SECONDS[unit] === 0)
      return `${seconds / UNIT_SECONDS[unit]}${unit}`;
  }
  return `${seconds}s`;
}

/** Seconds: `2s`, `5m`, `1h30m`, `7d`, or bare seconds. */
export const duration: SettingType<number> = {
  name: 'duration',
  example: '5m',
  fromText: secondsFromText,
  fromOption: (value) => {
    if (typeof value === 'string') return secondsFromText(value);
    if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
    return problem('is not a duration');
  },
  show: durationText,
};

/** `true` or `false`. */
export const bool: SettingType<boolean> = {
  name: 'boolean',
  example: 'true',
  fromText: (text) =>
    /^(true|false)$/i.test(text)
      ? text.toLowerCase() === 'true'
      : problem('is neither true nor false'),
  fromOption: (value) =>
    typeof value === 'boolean' ? value : problem('is neither true nor false'),
  show: String,
};

/** Text, taken as it is. */
export const text: SettingType<string> = {
  name: 'text',
  example: 'text',
  fromText: (value) => value,
  fromOption: (value) => (typeof value === 'string' ? value : problem('is not text')),
  show: (value) => (value === '' ? '(empty)' : value),
};

/** A whole number within bounds, both included. */
export function integer(least: number, most: number): SettingType<number> {
  return checked(
    {
      name: 'integer',
      example: String(least),
      fromText: (value) => (/^\d+$/.test(value) ? Number(value) : Number.NaN),
      fromOption: (value) => (typeof value === 'number' ? value : Number.NaN),
      show: String,
    },
    (value) =>
      Number.isInteger(value) && value >= least && value <= most
        ? null
        : `is not a whole number from ${least} to ${most}`,
  );
}

/** Texts, in the environment separated by commas. */
export const list: SettingType<readonly string[]> = {
  name: 'list',
  example: 'one,two',
  fromText: (value) => {
    const items = value.split(',').map((item) => item.trim());
    return items.includes('') ? problem('has an empty element') : items;
  },
  fromOption: (value) =>
    Array.isArray(value) && value.every((item) => typeof item === 'string' && item !== '')
      ? value.map(String)
      : problem('is not a list of texts'),
  show: (value) => value.join(','),
};

function secretsFromText(value: string): readonly string[] {
  if (!value.startsWith('[')) return list.fromText(value);
  try {
    return list.fromOption(JSON.parse(value));
  } catch {
    return problem('is neither a list nor JSON');
  }
}

/** Secrets and keys, of which nothing is shown. One that holds a comma, or white space at an end, is written in JSON. */
export const secrets: SettingType<readonly string[]> = {
  ...list,
  example: '["one","two"]',
  fromText: secretsFromText,
  fromOption: (value) =>
    typeof value === 'string' ? secretsFromText(value) : list.fromOption(value),
  show: (value) => (value.length === 0 ? 'none' : `${value.length} secrets`),
};

/** `list`, or `none` for an empty one; text that is given as an option is read as in the environment. */
export const listOrNone: SettingType<readonly string[]> = {
  ...list,
  fromText: (value) => (value.toLowerCase() === 'none' ? [] : list.fromText(value)),
  fromOption: (value) =>
    typeof value === 'string' ? listOrNone.fromText(value) : list.fromOption(value),
  show: (value) => (value.length === 0 ? 'none' : value.join(',')),
};

/** One text, or several separated by commas: stays what it is on the wire (contract §12, `aud`). */
export const textOrList: SettingType<string | readonly string[]> = {
  name: 'text or list',
  example: 'one,two',
  fromText: (value) => (value.includes(',') ? list.fromText(value) : value),
  fromOption: (value) => (typeof value === 'string' ? value : list.fromOption(value)),
  show: (value) => (typeof value === 'string' ? value : value.join(',')),
};

/** One of the given words. */
export function choice<const W extends string>(...words: readonly W[]): SettingType<W> {
  const check = (value: unknown): W =>
    words.find((word) => word === value) ?? problem(`is none of ${words.join(', ')}`);
  return {
    name: words.join(' | '),
    example: words[0] ?? '',
    fromText: check,
    fromOption: check,
    show: (value) => value,
  };
}

/** A list of the given words. */
export function listOf<const W extends string>(...words: readonly W[]): SettingType<readonly W[]> {
  const one = choice(...words);
  return {
    name: `list of ${words.join(', ')}`,
    example: words.slice(0, 2).join(','),
    fromText: (value) => list.fromText(value).map(one.fromText),
    fromOption: (value) => list.fromOption(value).map(one.fromOption),
    show: (value) => value.join(','),
  };
}

/**
 * A type that accepts some of another type's values only.
 *
 * @param problemOf - what is wrong with a value, as the words after the setting's name; null for a good one
 */
export function checked<T>(
  type: SettingType<T>,
  problemOf: (value: T) => string | null,
  shown: Partial<Pick<SettingType<T>, 'name' | 'example'>> = {},
): SettingType<T> {
  const check = (value: T): T => {
    const found = problemOf(value);
    return found === null ? value : problem(found);
  };
  return {
    ...type,
    ...shown,
    fromText: (value) => check(type.fromText(value)),
    fromOption: (value) => check(type.fromOption(value)),
  };
}

/** The type for values of which nothing may be shown. */
export function secret<T>(type: SettingType<T>): SettingType<T> {
  return { ...type, isSecret: true };
}

/** The type, or `none` (in any letter case) for null. */
export function nullable<T>(type: SettingType<T>): SettingType<T | null> {
  return {
    ...type,
    name: `${type.name}, or none`,
    fromText: (value) => (value.toLowerCase() === 'none' ? null : type.fromText(value)),
    fromOption: (value) => (value === null ? null : type.fromOption(value)),
    show: (value) => (value === null ? 'none' : type.show(value)),
  };
}

/** So many attempts within so many seconds. */
export interface RateLimit {
  readonly attempts: number;
  /** Seconds. */
  readonly window: number;
}

function rateFromText(value: string): RateLimit {
  const match = /^(\d+)\/(\w+)$/.exec(value);
  if (!match?.[1] || !match[2])
    return problem('is not a number of attempts, a slash and a duration');
  const limit = { attempts: Number(match[1]), window: secondsFromText(match[2]) };
  return limit.attempts > 0 && limit.window > 0 ? limit : problem('allows nothing at all');
}

/** `10/15m`: ten attempts in a quarter of an hour. */
export const rate: SettingType<RateLimit> = {
  name: 'limit',
  example: '10/15m',
  fromText: rateFromText,
  fromOption: (value) => {
    if (typeof value === 'string') return rateFromText(value);
    const { attempts, window } = (value ?? {}) as Partial<RateLimit>;
    return rateFromText(`${attempts}/${window}`);
  },
  show: (value) => `${value.attempts}/${durationText(value.window)}`,
};
