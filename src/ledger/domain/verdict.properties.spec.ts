import * as fc from 'fast-check';
import {
  judgeRefresh,
  nextAfterRotation,
  REMEMBERED_ROTATIONS,
  type RefreshVerdict,
  type RotationSettings,
  type SessionState,
} from './verdict.js';

const NOW = 1_800_000_000;

const someTime = fc.integer({ min: NOW - 200, max: NOW });
// oxlint-disable-next-line no-restricted-globals -- when it ended says nothing about the verdict
const ENDED = new Date(0);
const someClient = fc.record({
  userAgent: fc.constantFrom('Firefox', 'curl', null),
  network: fc.constantFrom('203.0.113.0/24', '198.51.100.0/24', null),
});
const someSession: fc.Arbitrary<SessionState> = fc
  .record({
    generation: fc.nat(12),
    unused: fc.integer({ min: 1, max: 4 }),
    times: fc.array(someTime, { maxLength: REMEMBERED_ROTATIONS }),
    revokedAt: fc.option(fc.constant(ENDED), { freq: 10 }),
    lastClient: someClient,
  })
  .map(({ generation, unused, times, ...rest }) => ({
    ...rest,
    generation,
    parentGeneration: generation === 0 ? null : Math.max(0, generation - unused),
    supersededAt: times.toSorted((a, b) => b - a).slice(0, generation),
  }));
const someSettings: fc.Arbitrary<RotationSettings> = fc.record({
  gracePeriod: fc.constantFrom(0, 60),
  recovery: fc.boolean(),
  reuseEndsSession: fc.constantFrom('always', 'other-client', 'never'),
  rotate: fc.boolean(),
});
const presentation = fc
  .record({ session: someSession, generation: fc.nat(14), client: someClient })
  .map((presented) => ({ ...presented, now: NOW }));

/** Checks a property of one verdict over many sessions, tokens, clients and settings. */
function always(
  check: (verdict: RefreshVerdict, presented: Parameters<typeof judgeRefresh>[0]) => void,
  fixed: Partial<RotationSettings> = {},
) {
  const property = fc.property(presentation, someSettings, (presented, drawn) => {
    check(judgeRefresh(presented, { ...drawn, ...fixed }), presented);
  });
  fc.assert(property, { numRuns: 5_000 });
}

describe('judgeRefresh, whatever the session', () => {
  it('says of an ended session only that it has ended', () => {
    always(({ verdict }, { session }) => {
      expect(verdict === 'ended').toBe(session.revokedAt !== null);
    });
  });

  it('accepts the newest token from any client', () => {
    always(({ verdict }, { session, generation }) => {
      if (session.revokedAt !== null || generation < session.generation) return;
      expect(['rotated', 'replayed']).toContain(verdict);
    });
  });

  it('advances to one generation that was never issued before', () => {
    always((outcome, { session, generation }) => {
      if (!('next' in outcome)) return;
      const { next } = outcome;
      expect(next.generation).toBe(Math.max(session.generation, generation) + 1);
      expect(next.parentGeneration).toBe(generation);
      expect(next.supersededAt[0]).toBe(NOW);
      expect(next.supersededAt.length).toBeLessThanOrEqual(REMEMBERED_ROTATIONS);
    });
  });

  it('agrees with the one statement that rotates the current generation', () => {
    always(
      (outcome, { session, generation }) => {
        if (session.revokedAt !== null || generation !== session.generation) return;
        const next = nextAfterRotation(session, NOW);
        expect(outcome).toEqual({ verdict: 'rotated', next });
        expect(next.supersededAt.slice(1)).toEqual(session.supersededAt.slice(0, 7));
      },
      { rotate: true },
    );
  });

  it('never replays without a grace period, nor recovers with recovery off', () => {
    const off = { rotate: true, gracePeriod: 0, recovery: false };
    always(({ verdict }) => expect(['replayed', 'recovered']).not.toContain(verdict), off);
  });

  it('ends a session for its own client only if every reuse ends it', () => {
    always(
      ({ verdict }, { session, client: { userAgent, network } }) => {
        const { lastClient } = session;
        if (userAgent !== lastClient.userAgent || network !== lastClient.network) return;
        if (network !== null) expect(verdict).not.toBe('reused');
      },
      { reuseEndsSession: 'other-client' },
    );
  });

  it('ends no session if reuse never ends one, and is never lenient if it always does', () => {
    always(({ verdict }) => expect(verdict).not.toBe('reused'), { reuseEndsSession: 'never' });
    always(({ verdict }) => expect(verdict).not.toBe('stale'), { reuseEndsSession: 'always' });
  });
});
