import { type Conditions, HARSH, ORDINARY, type Scenario } from './conditions.js';
import { FIRST_VERSION } from './first-version.js';
import { OTHER_RULES } from './other-rules.js';
import { simulate } from './rotation-model.js';
import { type RotationRule, SECURE, verdictRule } from './rules.js';

/** The rule of this package with the default settings. */
export const OUR_RULE: RotationRule = verdictRule('**this package**', SECURE);

/** The compared rules, ours last. */
export const RULES: readonly RotationRule[] = [...OTHER_RULES, FIRST_VERSION, OUR_RULE];

/** The networks of the table's columns. */
export const NETWORKS: Readonly<Record<string, Conditions>> = {
  ordinary: ORDINARY,
  'ordinary, mixed': { ...ORDINARY, dualStack: true },
  harsh: HARSH,
  'harsh, mixed': { ...HARSH, dualStack: true },
};

/** Clients that keep the rules of an honest client (design §3). */
export const OURS: Readonly<Record<string, Scenario>> = {
  'ours, 1 tab': { tabs: 1 },
  'ours, 4 tabs': { tabs: 4 },
  'ours, 4 tabs, slow hand-overs': { tabs: 4, sloppy: true },
  'ours, 2 tabs, lost commits': { tabs: 2, lostCommits: true },
};

/** An ordinary SimpleJWT front end, which does not keep them. */
export const PLAIN: Readonly<Record<string, Scenario>> = {
  'plain, 4 tabs': { tabs: 4, plain: true },
};

/** Ours, where the server knows nobody's network. */
export const BEHIND_PROXY: Readonly<Record<string, Scenario>> = {
  'ours, 1 tab, unknown network': { tabs: 1, unknownNetwork: 'everybody' },
  'ours, 4 tabs, unknown network': { tabs: 4, unknownNetwork: 'everybody' },
};

const QUICK_THIEF = { tabs: 1, rhythm: 290, thief: 'twice' } as const;

/** Thieves, and the client they rob: every one of them has to show himself. */
export const THIEVES: Readonly<Record<string, Scenario>> = {
  'refreshes now and then': { tabs: 2, thief: 'lazy' },
  polls: { tabs: 2, thief: 'poll' },
  'polls, his network unknown': { tabs: 2, thief: 'poll', unknownNetwork: 'thief' },
  'another user agent': { tabs: 2, thief: 'stranger' },
  shadows: { tabs: 2, thief: 'shadow' },
  "shadows in the owner's network, another user agent": { tabs: 2, thief: 'housemate' },
  'in the middle of the rhythm': { tabs: 1, rhythm: 240, thief: 'rhythm' },
  'twice at once; the owner gives up and blacklists': {
    ...QUICK_THIEF,
    givesUp: 'blacklists what it holds',
  },
};

/** What becomes of the promise with a client that only leaves, and with a thief who is in the owner's network. */
export const NOT_PROMISED: Readonly<Record<string, Scenario>> = {
  'twice at once; the owner gives up and leaves': { ...QUICK_THIEF, givesUp: 'leaves' },
  "neighbour: the owner's network and user agent": { tabs: 2, thief: 'neighbour' },
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

/** The share of honest clients that were logged out, or signed out by a refusal, within three hours. */
export function falseLogOuts(cell: Cell): number {
  const lost = outcomesOf(cell).filter(({ endedAt, hasLeft }) => endedAt !== null || hasLeft);
  return lost.length / cell.sessions;
}

/** How thieves fared. */
export interface ThiefFigures {
  /** Sessions that lived when their store was copied; every figure is about those. */
  readonly stolen: number;
  /** The share of those that ended within three hours. */
  readonly ended: number;
  /** Seconds from the copy to the end of the session: half of the ended, nine tenths of them. */
  readonly median: number;
  readonly ninetieth: number;
  /** Pairs that the thief got: half of the thieves, nine tenths of them. */
  readonly pairs: number;
  readonly mostPairs: number;
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN;
}

/** Simulates sessions with a thief. */
export function thiefFigures(cell: Cell): ThiefFigures {
  const stolen = outcomesOf(cell).filter(({ stolenAt }) => stolenAt !== null);
  const delays = stolen.flatMap(({ endedAt, stolenAt }) =>
    endedAt === null || stolenAt === null ? [] : [endedAt - stolenAt],
  );
  const pairs = stolen.map((outcome) => outcome.pairs);
  return {
    stolen: stolen.length,
    ended: delays.length / stolen.length,
    median: quantile(delays, 0.5),
    ninetieth: quantile(delays, 0.9),
    pairs: quantile(pairs, 0.5),
    mostPairs: quantile(pairs, 0.9),
  };
}
