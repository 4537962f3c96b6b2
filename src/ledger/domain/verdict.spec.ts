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
  gracePeriod: 180,
  recovery: true,
  reuseEndsSession: 'other-client',
  rotate: true,
};

const HOME: RefreshClient = { userAgent: 'Firefox/121.0', network: '203.0.113.0/24' };
const ABROAD = '198.51.100.0/24';
/** Beside the client of the last rotation: what is the same of the user agent and the network. */
const CLIENTS = {
  same: [HOME, { ...HOME, userAgent: 'Firefox/122.0.1' }],
  moved: [{ ...HOME, network: ABROAD }],
  hidden: [{ ...HOME, network: null }],
  program: [
    { ...HOME, userAgent: 'curl' },
    { ...HOME, userAgent: null },
  ],
  masked: [{ userAgent: 'curl', network: null }],
  stranger: [
    { userAgent: 'curl', network: ABROAD },
    { userAgent: null, network: ABROAD },
  ],
} satisfies Record<string, RefreshClient[]>;

/** Generation 10 was made from 7; the answers 8 and 9 were displaced before anybody used them. */
const PARENT = 7;
const CURRENT = 10;
const POSITIONS = {
  beyond: [1011, 2_000_000],
  ahead: [11, 12, 1010],
  current: [CURRENT],
  displaced: [9, 8],
  parent: [PARENT],
  older: [6, 3],
};
const FORGOTTEN = [1, 0];
/** How long ago something was superseded, seconds; null: a rotation that is no longer remembered. */
const AGES = { fresh: [-5, 0, 179.9, 180], late: [180.1, 7200, null] };
/** For a displaced token: whether the rotation that made its parent one is fresh, late, or late and has recovered one. */
const ROTATIONS = ['fresh', 'late', 'spent'] as const;

type Position = keyof typeof POSITIONS;
type Bearer = keyof typeof CLIENTS;
type Age = keyof typeof AGES;
type Rotation = (typeof ROTATIONS)[number];
type Verdict = RefreshVerdict['verdict'];

interface Case {
  readonly position: Position;
  readonly bearer: Bearer;
  readonly age: Age;
  readonly rotation: Rotation;
}

/** @param ages - of generations, seconds; those with null, and all before them, are not remembered */
function sessionWith(ages: Record<number, number | null>, hasRecoveredLate = false): SessionState {
  // Every other remembered time says the opposite of the first, so that reading a wrong entry shows.
  const [first = null] = Object.values(ages).slice(-1);
  const opposite = first === null || first > 180 ? NOW : NOW - 7200;
  const supersededAt = Array.from({ length: REMEMBERED_ROTATIONS }, () => opposite);
  for (const [generation, age] of Object.entries(ages)) {
    const index = CURRENT - 1 - Number(generation);
    if (age !== null && index >= 0) supersededAt[index] = NOW - age;
  }
  const forgotten = Object.entries(ages).flatMap(([generation, age]) =>
    age === null ? [Math.max(0, CURRENT - 1 - Number(generation))] : [],
  );
  return {
    generation: CURRENT,
    parentGeneration: PARENT,
    supersededAt: supersededAt.slice(0, Math.min(REMEMBERED_ROTATIONS, ...forgotten)),
    hasRecoveredLate,
    revokedAt: null,
    lastClient: HOME,
  };
}

function sessionsOf({ position, age, rotation }: Case, generation: number): SessionState[] {
  const hasRecoveredLate = rotation === 'spent';
  return AGES[age].flatMap((own) => {
    if (position !== 'displaced') return [sessionWith({ [generation]: own }, hasRecoveredLate)];
    const rotations = AGES[rotation === 'fresh' ? 'fresh' : 'late'];
    return rotations
      .filter((parent) => own !== null || parent === null)
      .map((parent) => sessionWith({ [PARENT]: parent, [generation]: own }, hasRecoveredLate));
  });
}

function verdictsOf(at: Case, settings: RotationSettings): Set<Verdict> {
  const outcomes = POSITIONS[at.position].flatMap((generation) =>
    sessionsOf(at, generation).flatMap((session) =>
      CLIENTS[at.bearer].map((client) =>
        judgeRefresh({ session, generation, client, now: NOW }, settings),
      ),
    ),
  );
  return new Set(outcomes.map(({ verdict }) => verdict));
}

const SETTINGS: [name: string, settings: RotationSettings][] = [
  ['secure', SECURE],
  ['always', { ...SECURE, reuseEndsSession: 'always' }],
  ['never', { ...SECURE, reuseEndsSession: 'never' }],
  ['no grace', { ...SECURE, gracePeriod: 0 }],
  ['no recovery', { ...SECURE, recovery: false }],
  ['neither', { ...SECURE, gracePeriod: 0, recovery: false }],
];

/** `any`, or names with a bar between them. */
type Pattern = string;
type Row = [position: Pattern, bearer: Pattern, age: Pattern, rotation: Pattern, verdicts: string];

/** Design §3. The verdicts are those of SETTINGS, in their order. */
// prettier-ignore
const TABLE: Row[] = [
  // position          bearer                          age      rotation      secure    always   never     no grace no rec.  neither
  ['beyond',           'any',                         'any',   'any',        'invalid  invalid  invalid   invalid  invalid  invalid'],
  ['ahead|current',    'any',                         'any',   'any',        'rotated  rotated  rotated   rotated  rotated  rotated'],
  ['parent|displaced', 'same',                        'fresh', 'any',        'replayed replayed replayed  stale    replayed stale'],
  ['parent|displaced', 'same',                        'late',  'any',        'replayed reused   replayed  stale    replayed stale'],
  ['parent',           'moved|program|hidden',        'fresh', 'any',        'recovered reused  recovered reused   stale    reused'],
  ['parent',           'moved|program|hidden',        'late',  'any',        'recovered reused  recovered reused   reused   reused'],
  ['displaced',        'moved|program|hidden',        'fresh', 'fresh|late', 'recovered reused  recovered reused   stale    reused'],
  ['displaced',        'moved|program|hidden',        'late',  'fresh|late', 'recovered reused  recovered reused   reused   reused'],
  ['displaced',        'moved|program|hidden',        'fresh', 'spent',      'reused   reused   stale     reused   stale    reused'],
  ['displaced',        'moved|program|hidden',        'late',  'spent',      'reused   reused   stale     reused   reused   reused'],
  ['parent|displaced', 'masked',                      'fresh', 'any',        'reused   reused   stale     reused   stale    reused'],
  ['parent|displaced', 'masked',                      'late',  'any',        'reused   reused   stale     reused   reused   reused'],
  ['older',            'same',                        'any',   'any',        'stale    reused   stale     stale    stale    stale'],
  ['older',            'moved|program|hidden|masked', 'fresh', 'any',        'stale    reused   stale     reused   stale    reused'],
  ['older',            'moved|program|hidden|masked', 'late',  'any',        'reused   reused   stale     reused   reused   reused'],
  ['parent|displaced|older', 'stranger',              'any',   'any',        'reused   reused   stale     reused   reused   reused'],
];

const keysOf = <Key extends string>(record: Record<Key, unknown>): Key[] =>
  Object.keys(record) as Key[];
const POSSIBLE: Case[] = keysOf(POSITIONS).flatMap((position) =>
  keysOf(CLIENTS).flatMap((bearer) =>
    keysOf(AGES).flatMap((age) =>
      ROTATIONS.map((rotation) => ({ position, bearer, age, rotation })),
    ),
  ),
);

function rowsFor({ position, bearer, age, rotation }: Case): Row[] {
  const fits = (pattern: Pattern, value: string) =>
    pattern === 'any' || pattern.split('|').includes(value);
  return TABLE.filter(
    ([positions, bearers, ages, rotations]) =>
      fits(positions, position) &&
      fits(bearers, bearer) &&
      fits(ages, age) &&
      fits(rotations, rotation),
  );
}

const cases = POSSIBLE.map((at): [title: string, at: Case] => [Object.values(at).join(', '), at]);

describe('judgeRefresh', () => {
  it.each(cases)('has one row of the table for: %s', (_title, at) => {
    expect(rowsFor(at)).toHaveLength(1);
  });

  describe.each(SETTINGS)('with the settings "%s"', (setting, settings) => {
    const column = SETTINGS.findIndex(([name]) => name === setting);
    const tabled = (at: Case) =>
      rowsFor(at).map(([, , , , verdicts]) => verdicts.split(/ +/).at(column));

    it.each(cases)('decides as tabled: %s', (_title, at) => {
      expect([...verdictsOf(at, settings)]).toEqual(tabled(at));
    });

    it.each(cases)('advances nothing where rotation is off: %s', (_title, at) => {
      const expected = tabled(at).map((verdict) =>
        verdict === 'rotated' || verdict === 'recovered' ? 'replayed' : verdict,
      );
      const verdicts = verdictsOf(at, { ...settings, rotate: false });
      expect([...verdicts]).toEqual(expected);
    });
  });

  it('takes a generation older than the remembered times as long past', () => {
    for (const generation of FORGOTTEN) {
      const session = sessionWith({ [generation]: null });
      for (const client of CLIENTS.moved) {
        const presented = { session, generation, client, now: NOW };
        expect(judgeRefresh(presented, SECURE)).toMatchObject({ verdict: 'reused' });
      }
    }
  });

  it('takes two absent user agents as equal, but not two unknown networks', () => {
    const verdicts = [
      { userAgent: null, network: '203.0.113.0/24' },
      { userAgent: 'Firefox', network: null },
    ].map((lastClient) => {
      const session = { ...sessionWith({ [PARENT]: 3600, 6: 3600 }), lastClient };
      const judge = (generation: number) =>
        judgeRefresh({ session, generation, client: lastClient, now: NOW }, SECURE).verdict;
      return [judge(PARENT), judge(6)];
    });
    expect(verdicts).toEqual([
      ['replayed', 'stale'],
      ['recovered', 'reused'],
    ]);
  });

  it('rotates the first token of a session', () => {
    const first = { generation: 0, parentGeneration: null, supersededAt: [] };
    const session = { ...sessionWith({}), ...first };
    const presented = { session, generation: 0, client: HOME, now: NOW };
    expect(judgeRefresh(presented, SECURE)).toEqual({
      verdict: 'rotated',
      next: {
        generation: 1,
        parentGeneration: 0,
        supersededAt: [NOW],
        hasRecoveredLate: false,
      },
    });
  });

  it('keeps the parent and the remembered times when it recovers, and says what it knows', () => {
    const supersededAt = [NOW - 300, NOW - 400, NOW - 500];
    const session = { ...sessionWith({}), supersededAt };
    const client = { ...HOME, network: ABROAD };
    const presented = { session, generation: PARENT, client, now: NOW };
    expect(judgeRefresh(presented, SECURE)).toEqual({
      verdict: 'recovered',
      next: {
        generation: 11,
        parentGeneration: PARENT,
        supersededAt: [NOW, NOW - 300, NOW - 400, NOW - 500],
        hasRecoveredLate: false,
      },
      evidence: {
        position: 'parent',
        distance: 3,
        isFresh: false,
        isSameUserAgent: true,
        network: 'other',
      },
    });
  });

  it('lets a displaced token recover at any number of times while the rotation is fresh, later once', () => {
    const recover = (session: SessionState, generation: number) =>
      judgeRefresh({ session, generation, client: { ...HOME, network: ABROAD }, now: NOW }, SECURE);
    const noted = (outcome: RefreshVerdict) => 'next' in outcome && outcome.next.hasRecoveredLate;

    const whileFresh = recover(sessionWith({ [PARENT]: 100, 9: 10 }), 9);
    expect([whileFresh.verdict, noted(whileFresh)]).toEqual(['recovered', false]);
    const later = recover(sessionWith({ [PARENT]: 200, 9: 10 }), 9);
    expect([later.verdict, noted(later)]).toEqual(['recovered', true]);
    const twice = recover(sessionWith({ [PARENT]: 200, 9: 10 }, true), 9);
    expect([twice.verdict, noted(twice)]).toEqual(['reused', false]);
    const parent = recover(sessionWith({ [PARENT]: 200 }, true), PARENT);
    expect([parent.verdict, noted(parent)]).toEqual(['recovered', true]);
  });

  it('moves past a generation that the database lost, and forgets the older times and the recovery', () => {
    const session = sessionWith({ [PARENT]: 10 }, true);
    const presented = { session, generation: 12, client: HOME, now: NOW };
    expect(judgeRefresh(presented, SECURE)).toEqual({
      verdict: 'rotated',
      next: {
        generation: 13,
        parentGeneration: 12,
        supersededAt: [NOW],
        hasRecoveredLate: false,
      },
    });
  });
});

describe('nextAfterRotation', () => {
  it('keeps the times of the last eight rotations, newest first, and forgets a recovery', () => {
    let generations = nextAfterRotation(sessionWith({}, true), 1);
    for (let now = 2; now <= 20; now += 1) generations = nextAfterRotation(generations, now);
    expect(generations).toEqual({
      generation: 30,
      parentGeneration: 29,
      supersededAt: [20, 19, 18, 17, 16, 15, 14, 13],
      hasRecoveredLate: false,
    });
  });
});
