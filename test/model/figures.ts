import { type Conditions, HARSH, ORDINARY, type Scenario } from './conditions.js';
import { OTHER_RULES } from './other-rules.js';
import { simulate } from './rotation-model.js';
import { type RotationRule, SECURE, verdictRule } from './rules.js';

/** The rule of this package with the default settings. */
export const OUR_RULE: RotationRule = verdictRule('**this package, 60 s**', SECURE);

/** The compared rules, ours last. */
export const RULES: readonly RotationRule[] = [...OTHER_RULES, OUR_RULE];

/** The networks of the table's columns. */
export const NETWORKS: Readonly<Record<string, Conditions>> = {
  ordinary: ORDINARY,
  'ordinary, mixed': { ...ORDINARY, dualStack: true },
  harsh: HARSH,
  'harsh, mixed': { ...HARSH, dualStack: true },
};

/** The clients of the table's rows, all honest. */
export const HONEST: Readonly<Record<string, Scenario>> = {
  '1 tab': { tabs: 1 },
  '4 tabs': { tabs: 4 },
  '4 tabs, sloppy': { tabs: 4, sloppy: true },
  'lost commits': { tabs: 2, lostCommits: true },
};

/** Two honest tabs and a thief. */
export const THIEVES: Readonly<Record<string, Scenario>> = {
  'lazy thief': { tabs: 2, thief: 'lazy' },
  'polling thief': { tabs: 2, thief: 'poll' },
};

/** What to simulate how often. */
export interface Cell {
  readonly rule: RotationRule;
  readonly scenario: Scenario;
  readonly conditions: Conditions;
  readonly sessions: number;
}

function outcomesOf({ sessions, ...simulation }: Cell) {
  // Every rule meets the same sessions; the multiplier spreads neighbouring seeds.
  return Array.from({ length: sessions }, (_, index) =>
    simulate({ ...simulation, seed: Math.imul(index + 1, 0x9e3779b1) }),
  );
}

/** The share of honest sessions that ended within three hours. */
export function falseLogOuts(cell: Cell): number {
  const ended = outcomesOf(cell).filter(({ endedAt }) => endedAt !== null);
  return ended.length / cell.sessions;
}

/** How thieves who got at least one token fared. */
export interface ThiefFigures {
  /** Thieves who got a token; the sessions of the others had ended before, or their token was dead. */
  readonly served: number;
  /** The share of those whose session ended. */
  readonly caught: number;
  /** Seconds from the first token to the end of the session: half of the caught, nine tenths of them. */
  readonly median: number;
  readonly ninetieth: number;
}

/** Simulates sessions with a thief. */
export function thiefFigures(cell: Cell): ThiefFigures {
  const served = outcomesOf(cell).filter(({ thiefServedAt }) => thiefServedAt !== null);
  const delays = served
    .flatMap(({ endedAt, thiefServedAt }) =>
      endedAt === null || thiefServedAt === null ? [] : [endedAt - thiefServedAt],
    )
    .toSorted((a, b) => a - b);
  const quantile = (share: number) => delays[Math.floor(delays.length * share)] ?? Number.NaN;
  return {
    served: served.length,
    caught: delays.length / served.length,
    median: quantile(0.5),
    ninetieth: quantile(0.9),
  };
}
