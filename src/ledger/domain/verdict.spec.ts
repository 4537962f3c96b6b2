import {
  judgeRefresh,
  nextAfterRotation,
  REMEMBERED_ROTATIONS,
  type RefreshClient,
  type RefreshVerdict,
  type RotationSettings,
  type SessionState,
} from './verdict.js';

const NOW = 1_800_000_000;
const SECURE: RotationSettings = {
  gracePeriod: 60,
  recovery: true,
  reuseEndsSession: 'other-client',
  rotate: true,
};

const HOME: RefreshClient = { userAgent: 'Firefox', network: '203.0.113.0/24' };
const CLIENTS = {
  same: [HOME],
  near: [
    { ...HOME, network: '198.51.100.0/24' },
    { ...HOME, network: null },
    { ...HOME, userAgent: 'curl' },
    { ...HOME, userAgent: null },
  ],
  other: [
    { userAgent: 'curl', network: '198.51.100.0/24' },
    { userAgent: null, network: null },
  ],
} satisfies Record<string, RefreshClient[]>;

/** Generation 10 was made from 7; the answers 8 and 9 were displaced before anybody used them. */
const PARENT = 7;
const CURRENT = 10;
const POSITIONS = {
  ahead: [11, 12, 500],
  current: [CURRENT],
  displaced: [9, 8],
  parent: [PARENT],
  older: [6, 3],
};
const FORGOTTEN = [1, 0];
/** How long ago the generation was superseded, seconds; null: a rotation that is no longer remembered. */
const AGES = { fresh: [-5, 0, 59.9, 60], late: [60.1, 3600, null] };

function sessionWith(generation: number, age: number | null): SessionState {
  // Every other remembered time says the opposite, so that reading a wrong entry shows.
  const opposite = age === null || age > 60 ? NOW : NOW - 7200;
  const supersededAt = Array.from({ length: REMEMBERED_ROTATIONS }, () => opposite);
  const index = CURRENT - 1 - generation;
  if (age === null) supersededAt.length = Math.max(0, Math.min(index, supersededAt.length));
  else if (index >= 0) supersededAt[index] = NOW - age;
  return {
    generation: CURRENT,
    parentGeneration: PARENT,
    supersededAt,
    revokedAt: null,
    lastClient: HOME,
  };
}

type Position = keyof typeof POSITIONS;
type Nearness = keyof typeof CLIENTS;
type Age = keyof typeof AGES;
type Case = [position: Position, nearness: Nearness, age: Age];

function verdictsOf([position, nearness, age]: Case, settings: RotationSettings) {
  return POSITIONS[position].flatMap((generation) =>
    CLIENTS[nearness].flatMap((client) =>
      AGES[age].map((seconds) => {
        const session = sessionWith(generation, seconds);
        return judgeRefresh({ session, generation, client, now: NOW }, settings).verdict;
      }),
    ),
  );
}

type Verdict = RefreshVerdict['verdict'];
type Verdicts = [Verdict, Verdict, Verdict, Verdict, Verdict, Verdict];

const SETTINGS: [name: string, settings: RotationSettings][] = [
  ['secure', SECURE],
  ['always', { ...SECURE, reuseEndsSession: 'always' }],
  ['never', { ...SECURE, reuseEndsSession: 'never' }],
  ['no grace', { ...SECURE, gracePeriod: 0 }],
  ['no recovery', { ...SECURE, recovery: false }],
  ['neither', { ...SECURE, gracePeriod: 0, recovery: false }],
];

/** One row for each case; the verdicts are those of SETTINGS, in their order. */
const TABLE: [...Case, ...Verdicts][] = [
  ['ahead', 'same', 'fresh', 'rotated', 'rotated', 'rotated', 'rotated', 'rotated', 'rotated'],
  ['ahead', 'same', 'late', 'rotated', 'rotated', 'rotated', 'rotated', 'rotated', 'rotated'],
  ['ahead', 'near', 'fresh', 'rotated', 'rotated', 'rotated', 'rotated', 'rotated', 'rotated'],
  ['ahead', 'near', 'late', 'rotated', 'rotated', 'rotated', 'rotated', 'rotated', 'rotated'],
  ['ahead', 'other', 'fresh', 'rotated', 'rotated', 'rotated', 'rotated', 'rotated', 'rotated'],
  ['ahead', 'other', 'late', 'rotated', 'rotated', 'rotated', 'rotated', 'rotated', 'rotated'],
  ['current', 'same', 'fresh', 'rotated', 'rotated', 'rotated', 'rotated', 'rotated', 'rotated'],
  ['current', 'same', 'late', 'rotated', 'rotated', 'rotated', 'rotated', 'rotated', 'rotated'],
  ['current', 'near', 'fresh', 'rotated', 'rotated', 'rotated', 'rotated', 'rotated', 'rotated'],
  ['current', 'near', 'late', 'rotated', 'rotated', 'rotated', 'rotated', 'rotated', 'rotated'],
  ['current', 'other', 'fresh', 'rotated', 'rotated', 'rotated', 'rotated', 'rotated', 'rotated'],
  ['current', 'other', 'late', 'rotated', 'rotated', 'rotated', 'rotated', 'rotated', 'rotated'],
  ['parent', 'same', 'fresh', 'replayed', 'replayed', 'replayed', 'recovered', 'replayed', 'stale'],
  ['parent', 'same', 'late', 'replayed', 'replayed', 'replayed', 'recovered', 'replayed', 'stale'],
  [
    'parent',
    'near',
    'fresh',
    'replayed',
    'replayed',
    'replayed',
    'recovered',
    'replayed',
    'reused',
  ],
  [
    'parent',
    'near',
    'late',
    'recovered',
    'recovered',
    'recovered',
    'recovered',
    'reused',
    'reused',
  ],
  [
    'parent',
    'other',
    'fresh',
    'recovered',
    'recovered',
    'recovered',
    'recovered',
    'reused',
    'reused',
  ],
  [
    'parent',
    'other',
    'late',
    'recovered',
    'recovered',
    'recovered',
    'recovered',
    'reused',
    'reused',
  ],
  ['displaced', 'same', 'fresh', 'replayed', 'replayed', 'replayed', 'stale', 'replayed', 'stale'],
  ['displaced', 'same', 'late', 'replayed', 'replayed', 'replayed', 'stale', 'replayed', 'stale'],
  ['displaced', 'near', 'fresh', 'stale', 'reused', 'stale', 'reused', 'stale', 'reused'],
  ['displaced', 'near', 'late', 'reused', 'reused', 'stale', 'reused', 'reused', 'reused'],
  ['displaced', 'other', 'fresh', 'reused', 'reused', 'stale', 'reused', 'reused', 'reused'],
  ['displaced', 'other', 'late', 'reused', 'reused', 'stale', 'reused', 'reused', 'reused'],
  ['older', 'same', 'fresh', 'stale', 'reused', 'stale', 'stale', 'stale', 'stale'],
  ['older', 'same', 'late', 'stale', 'reused', 'stale', 'stale', 'stale', 'stale'],
  ['older', 'near', 'fresh', 'stale', 'reused', 'stale', 'reused', 'stale', 'reused'],
  ['older', 'near', 'late', 'reused', 'reused', 'stale', 'reused', 'reused', 'reused'],
  ['older', 'other', 'fresh', 'reused', 'reused', 'stale', 'reused', 'reused', 'reused'],
  ['older', 'other', 'late', 'reused', 'reused', 'stale', 'reused', 'reused', 'reused'],
];

const cases = TABLE.flatMap(([position, nearness, age, ...verdicts]) =>
  SETTINGS.map(([setting, settings], column) => {
    const at: Case = [position, nearness, age];
    return { setting, settings, at, verdict: verdicts[column] };
  }),
);

describe('judgeRefresh', () => {
  it('is tabled for every case and setting', () => {
    const tabled = new Set(
      TABLE.map(([position, nearness, age]) => [position, nearness, age].join()),
    );
    const possible = Object.keys(POSITIONS).flatMap((position) =>
      Object.keys(CLIENTS).flatMap((nearness) =>
        Object.keys(AGES).map((age) => [position, nearness, age].join()),
      ),
    );
    expect(tabled).toEqual(new Set(possible));
  });

  it.each(cases)('with $setting, at $at: $verdict', ({ settings, at, verdict }) => {
    expect(new Set(verdictsOf(at, settings))).toEqual(new Set([verdict]));
  });

  it.each(cases)('with $setting and no rotation, at $at: no advance', (tabled) => {
    const { settings, at, verdict } = tabled;
    const expected = verdict === 'rotated' || verdict === 'recovered' ? 'replayed' : verdict;
    const verdicts = new Set(verdictsOf(at, { ...settings, rotate: false }));
    expect(verdicts).toEqual(new Set([expected]));
  });

  it('takes a generation older than the remembered times as long past', () => {
    for (const generation of FORGOTTEN) {
      const session = sessionWith(generation, null);
      for (const client of CLIENTS.near) {
        const presented = { session, generation, client, now: NOW };
        expect(judgeRefresh(presented, SECURE)).toEqual({ verdict: 'reused' });
      }
    }
  });

  it('takes two absent user agents as equal, two unknown networks as different', () => {
    const verdicts = [
      { userAgent: null, network: '203.0.113.0/24' },
      { userAgent: 'Firefox', network: null },
    ].map((lastClient) => {
      const session = { ...sessionWith(6, 3600), lastClient };
      const presented = { session, generation: 6, client: lastClient, now: NOW };
      return judgeRefresh(presented, SECURE).verdict;
    });
    expect(verdicts).toEqual(['stale', 'reused']);
  });

  it('rotates the first token of a session', () => {
    const first = { generation: 0, parentGeneration: null, supersededAt: [] };
    const session = { ...sessionWith(CURRENT, null), ...first };
    const presented = { session, generation: 0, client: HOME, now: NOW };
    expect(judgeRefresh(presented, SECURE)).toEqual({
      verdict: 'rotated',
      next: { generation: 1, parentGeneration: 0, supersededAt: [NOW] },
    });
  });

  it('keeps the parent and the remembered times when it recovers', () => {
    const supersededAt = [NOW - 300, NOW - 400, NOW - 500];
    const session = { ...sessionWith(PARENT, 3600), supersededAt };
    const client = { userAgent: 'curl', network: '198.51.100.0/24' };
    const presented = { session, generation: PARENT, client, now: NOW };
    expect(judgeRefresh(presented, SECURE)).toEqual({
      verdict: 'recovered',
      next: {
        generation: 11,
        parentGeneration: PARENT,
        supersededAt: [NOW, NOW - 300, NOW - 400, NOW - 500],
      },
    });
  });

  it('moves past a generation that the database lost and forgets the older times', () => {
    const session = sessionWith(PARENT, 10);
    const presented = { session, generation: 12, client: HOME, now: NOW };
    expect(judgeRefresh(presented, SECURE)).toEqual({
      verdict: 'rotated',
      next: { generation: 13, parentGeneration: 12, supersededAt: [NOW] },
    });
  });
});

describe('nextAfterRotation', () => {
  it('keeps the times of the last eight rotations, newest first', () => {
    let generations = nextAfterRotation(sessionWith(PARENT, 3600), 1);
    for (let now = 2; now <= 20; now += 1) generations = nextAfterRotation(generations, now);
    expect(generations).toEqual({
      generation: 30,
      parentGeneration: 29,
      supersededAt: [20, 19, 18, 17, 16, 15, 14, 13],
    });
  });
});
