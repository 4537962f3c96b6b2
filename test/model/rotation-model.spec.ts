import * as fc from 'fast-check';
import { type Conditions, ORDINARY, PATIENCE, type Scenario } from './conditions.js';
import {
  falseLogOuts,
  HONEST,
  NETWORKS,
  OUR_RULE,
  THIEVES,
  thiefFigures,
  type ThiefFigures,
} from './figures.js';
import { WatchedSession } from './invariants.js';
import { simulate } from './rotation-model.js';
import { OTHER_RULES } from './other-rules.js';
import type { RotationRule } from './rules.js';

/** Minutes in which everything that can go wrong does, around the grace period and beyond it. */
const CHAOS: Conditions = {
  ...ORDINARY,
  lostRequests: 0.1,
  lostAnswers: 0.2,
  duplicates: 0.15,
  crashes: 0.1,
  late: 0.3,
  lateBy: 40,
  moves: 60,
  hurried: 0.4,
  pause: 25,
  failover: 40,
  lostSeconds: 20,
  theft: 20,
  firstUse: 20,
};

interface Interleaving {
  readonly seed: number;
  readonly conditions: Conditions;
  readonly scenario: Scenario;
}

/** Random interleavings of 20 to 40 refreshes; what is fixed is not left to chance. */
function interleavings(conditions: Partial<Conditions>, scenario: Partial<Scenario> = {}) {
  return fc
    .record({
      seed: fc.integer(),
      refreshes: fc.integer({ min: 20, max: 40 }),
      dualStack: fc.boolean(),
      tabs: fc.integer({ min: 1, max: 8 }),
      sloppy: fc.boolean(),
      lostCommits: fc.boolean(),
      thief: fc.constantFrom('lazy' as const, 'poll' as const),
    })
    .map(({ seed, refreshes, dualStack, ...drawn }): Interleaving => ({
      seed,
      conditions: { ...CHAOS, refreshes, dualStack, ...conditions },
      scenario: { ...drawn, ...scenario },
    }));
}

type Check = 'checkHonest' | 'checkThief';

/** Plays interleavings under watch. @returns how often each verdict and each case of a check came up */
function watch(runs: number, all: fc.Arbitrary<Interleaving>, check?: Check) {
  const tally = new Map<string, number>();
  const property = fc.property(all, (interleaving) => {
    const watched = new WatchedSession(tally);
    const observe = check && watched[check].bind(watched);
    simulate({ ...interleaving, rule: watched.rule, observe });
  });
  fc.assert(property, { numRuns: runs });
  return tally;
}

function expectOften(tally: Map<string, number>, ...whats: string[]) {
  for (const what of whats)
    expect([what, tally.get(what) ?? 0]).toEqual([what, expect.any(Number)]);
  expect(Math.min(...whats.map((what) => tally.get(what) ?? 0))).toBeGreaterThan(1000);
}

describe('random interleavings of one session', () => {
  it('keep one generation live, and end it by reuse only, when tabs meet a thief', () => {
    const tally = watch(50_000, interleavings({}), 'checkThief');
    expectOften(tally, 'rotated', 'recovered', 'replayed', 'stale', 'reused', 'ended');
    expectOften(tally, 'thief ends it himself');
  });

  it('shut out a thief by the next honest refresh where no commit is lost', () => {
    const tally = watch(30_000, interleavings({}, { lostCommits: false }), 'checkThief');
    expectOften(tally, 'thief is shut out', 'stranger is shut out', 'thief ends it himself');
  });

  it('keep one generation live while honest tabs move between networks', () => {
    const tally = watch(10_000, interleavings({}, { thief: undefined }));
    expectOften(tally, 'rotated', 'recovered', 'replayed', 'stale');
  });

  it('never log out honest tabs on one network, whatever is lost, late, repeated or reordered', () => {
    const oneNetwork = { moves: Infinity, dualStack: false };
    const tally = watch(20_000, interleavings(oneNetwork, { thief: undefined }), 'checkHonest');
    expectOften(tally, 'rotated', 'replayed', 'stale');
  });

  it('never log out a client that refreshes one at a time, whatever networks it moves between', () => {
    // As tabs do that take turns with a lock, on networks that deliver or lose within their patience.
    const oneAtATime = { duplicates: 0, slowest: PATIENCE };
    const honest = interleavings(oneAtATime, { tabs: 1, thief: undefined });
    const tally = watch(20_000, honest, 'checkHonest');
    expectOften(tally, 'rotated', 'recovered', 'replayed');
  });
});

const SESSIONS = 400;

function worstLogOuts(rule: RotationRule, conditions: Conditions): number {
  const shares = Object.values(HONEST).map((scenario) =>
    falseLogOuts({ rule, scenario, conditions, sessions: SESSIONS }),
  );
  return Math.max(...shares);
}

describe('sessions of three hours', () => {
  const bounds: Record<string, number> = {
    ordinary: 0.003,
    'ordinary, mixed': 0.003,
    harsh: 0.01,
    'harsh, mixed': 0.08,
  };

  it.each(Object.entries(NETWORKS))(
    'log out next to no honest client: %s',
    (network, conditions) => {
      expect(worstLogOuts(OUR_RULE, conditions)).toBeLessThanOrEqual(bounds[network] ?? 0);
    },
  );

  it('log out several times fewer honest clients than under every other rule', () => {
    for (const [network, conditions] of Object.entries(NETWORKS)) {
      const ours = worstLogOuts(OUR_RULE, conditions);
      for (const rule of OTHER_RULES) {
        const isWorse = worstLogOuts(rule, conditions) > 3 * ours;
        expect({ rule: rule.name, network, isWorse }).toMatchObject({ isWorse: true });
      }
    }
  });

  const thefts = Object.entries(NETWORKS).flatMap(([network, conditions]) =>
    Object.entries(THIEVES).map(([thief, scenario]) => ({ network, thief, conditions, scenario })),
  );

  it.each(thefts)('shut out a $thief on a network that is $network', ({ conditions, scenario }) => {
    const cell = { rule: OUR_RULE, scenario, conditions, sessions: SESSIONS };
    const { served, caught, median }: ThiefFigures = thiefFigures(cell);
    expect(served).toBeGreaterThan(SESSIONS / 4);
    expect(caught).toBeGreaterThanOrEqual(0.99);
    expect(median).toBeLessThanOrEqual(400);
  });
});
