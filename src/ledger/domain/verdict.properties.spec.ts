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
const SECURE: RotationSettings = {
  gracePeriod: 180,
  recovery: true,
  reuseEndsSession: 'other-client',
  rotate: true,
};

const someTime = fc.integer({ min: NOW - 400, max: NOW });
// oxlint-disable-next-line no-restricted-globals -- when it ended says nothing about the verdict
const ENDED = new Date(0);
const someClient = fc.record({
  userAgent: fc.constantFrom('Firefox/121.0', 'Firefox/122', 'curl', null),
  network: fc.constantFrom('203.0.113.0/24', '198.51.100.0/24', null),
});
const someSession: fc.Arbitrary<SessionState> = fc
  .record({
    generation: fc.nat(12),
    unused: fc.integer({ min: 1, max: 4 }),
    times: fc.array(someTime, { maxLength: REMEMBERED_ROTATIONS }),
    hasRecoveredLate: fc.boolean(),
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
  gracePeriod: fc.constantFrom(0, 60, 180),
  recovery: fc.boolean(),
  reuseEndsSession: fc.constantFrom('always', 'other-client', 'never'),
  rotate: fc.boolean(),
});
const someGeneration = fc.oneof(
  { weight: 9, arbitrary: fc.nat(14) },
  { weight: 1, arbitrary: fc.integer({ min: 990, max: 1020 }) },
);
const presentation = fc
  .record({ session: someSession, generation: someGeneration, client: someClient })
  .map((presented) => ({ ...presented, now: NOW }));

/** The user agent without its version. */
const program = (userAgent: string | null) => userAgent?.split('/')[0];

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
      expect(verdict === 'session_ended').toBe(session.revokedAt !== null);
    });
  });

  it('accepts the newest token from any client, but none that no lost commit explains', () => {
    always(({ verdict }, { session, generation }) => {
      if (session.revokedAt !== null || generation < session.generation) return;
      const isPossible = generation - session.generation <= 1000;
      if (isPossible) expect(['rotated', 'replayed']).toContain(verdict);
      else expect(verdict).toBe('invalid');
    });
  });

  it('advances to one generation that was never issued before', () => {
    always((outcome, { session, generation }) => {
      if (!('next' in outcome)) return;
      const { next, verdict } = outcome;
      expect(next.generation).toBe(Math.max(session.generation, generation) + 1);
      const parent = verdict === 'rotated' ? generation : session.parentGeneration;
      expect(next.parentGeneration).toBe(parent);
      expect(next.supersededAt[0]).toBe(NOW);
      expect(next.supersededAt.length).toBeLessThanOrEqual(REMEMBERED_ROTATIONS);
      if (verdict === 'rotated') expect(next.hasRecoveredLate).toBe(false);
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

  it('replays to nobody but the client of the last rotation', () => {
    always(
      ({ verdict }, { session: { lastClient }, client }) => {
        if (verdict !== 'replayed') return;
        expect(client.network).not.toBeNull();
        expect(client.network).toBe(lastClient.network);
        expect(program(client.userAgent)).toBe(program(lastClient.userAgent));
      },
      { rotate: true },
    );
  });

  it('recovers for nobody but a neighbour or a client with the same user agent', () => {
    always((outcome, { session: { lastClient }, client }) => {
      if (outcome.verdict !== 'recovered') return;
      const isNeighbour = client.network !== null && client.network === lastClient.network;
      expect(isNeighbour || program(client.userAgent) === program(lastClient.userAgent)).toBe(true);
    });
  });

  it('makes what displaces show itself: the token of an answer that a recovery replaced is never replayed elsewhere', () => {
    always((outcome, presented) => {
      if (outcome.verdict !== 'recovered') return;
      const { session, client } = presented;
      const after = { ...session, ...outcome.next, lastClient: client };
      const dead = { ...presented, session: after, generation: session.generation };
      const elsewhere = { ...session.lastClient, network: 'elsewhere' };
      for (const bearer of [elsewhere, session.lastClient]) {
        const isAway = bearer.network !== client.network;
        const { verdict } = judgeRefresh({ ...dead, client: bearer }, SECURE);
        if (isAway) expect(['recovered', 'reused']).toContain(verdict);
      }
    }, SECURE);
  });

  it('neither replays nor recovers without a grace period', () => {
    always(({ verdict }) => expect(['replayed', 'recovered']).not.toContain(verdict), {
      rotate: true,
      gracePeriod: 0,
    });
  });

  it('never recovers with recovery off', () => {
    always(({ verdict }) => expect(verdict).not.toBe('recovered'), { recovery: false });
  });

  it('recovers late at most once between two rotations', () => {
    always((outcome, { session, now, generation }) => {
      if (outcome.verdict !== 'recovered' || generation === session.parentGeneration) return;
      const at = session.supersededAt.at(session.generation - 1 - Number(session.parentGeneration));
      const isFresh = at !== undefined && now - at <= SECURE.gracePeriod;
      expect(isFresh || !session.hasRecoveredLate).toBe(true);
      expect(outcome.next.hasRecoveredLate).toBe(session.hasRecoveredLate || !isFresh);
    }, SECURE);
  });

  it('ends a session for its own client only if every reuse ends it', () => {
    always(
      ({ verdict }, { session: { lastClient }, client: { userAgent, network } }) => {
        if (program(userAgent) !== program(lastClient.userAgent)) return;
        if (network !== null && network === lastClient.network) expect(verdict).not.toBe('reused');
      },
      { reuseEndsSession: 'other-client' },
    );
  });

  it('takes the same program in an unknown network as it would in another one', () => {
    const property = fc.property(presentation, someSettings, (presented, settings) => {
      const { userAgent } = presented.session.lastClient;
      const [unknown, other] = [null, 'elsewhere'].map(
        (network) =>
          judgeRefresh({ ...presented, client: { userAgent, network } }, settings).verdict,
      );
      expect(unknown).toBe(other);
    });
    fc.assert(property, { numRuns: 5_000 });
  });

  it('ends a session at once for a stranger with a spent token', () => {
    always(({ verdict }, { session, generation, client: { userAgent, network } }) => {
      const { lastClient } = session;
      if (session.revokedAt !== null || generation >= session.generation) return;
      if (network === null || lastClient.network === null) return;
      if (network === lastClient.network) return;
      if (program(userAgent) !== program(lastClient.userAgent)) expect(verdict).toBe('reused');
    }, SECURE);
  });

  it('knows the rotated, the same client’s fresh duplicate and the reused, if reuse always ends it', () => {
    always(
      ({ verdict }, { session, generation, now }) => {
        const known = ['rotated', 'replayed', 'reused', 'invalid', 'session_ended'];
        expect(known).toContain(verdict);
        if (verdict !== 'replayed') return;
        const at = session.supersededAt.at(session.generation - 1 - generation);
        expect(now - Number(at)).toBeLessThanOrEqual(180);
      },
      { reuseEndsSession: 'always', rotate: true, gracePeriod: 180 },
    );
  });

  it('ends no session for a spent token if reuse never ends one', () => {
    always(({ verdict }) => expect(verdict).not.toBe('reused'), { reuseEndsSession: 'never' });
  });
});
