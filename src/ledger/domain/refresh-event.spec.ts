import { refreshEventOf } from './refresh-event.js';
import type { Evidence, RefreshVerdict } from './verdict.js';

const NEXT = { generation: 3, parentGeneration: 1, supersededAt: [], hasRecoveredLate: false };
const SID = '6f55e28514a375fa4af11920fbc37d51';
const evidenceOf = (over: Partial<Evidence>): Evidence => ({
  position: 'parent',
  distance: 1,
  isFresh: true,
  isSameUserAgent: true,
  network: 'other',
  ...over,
});
const eventOf = (verdict: RefreshVerdict, isPlaceKnown = true) =>
  refreshEventOf(verdict, {
    isPlaceKnown,
    sid: SID,
    userId: '7',
    generation: 1,
    current: 2,
    address: '203.0.113.7',
  });
const refresh = {
  actor: `session:${SID}`,
  target: `session:${SID}`,
  address: '203.0.113.7',
  user: '7',
  generation: 1,
  current: 2,
};
const told = { ...refresh, class: 'parent', distance: 1, fresh: true, sameUserAgent: true };

describe('refreshEventOf', () => {
  it.each(['recovered', 'stale'] as const)(
    'tells of a token that is %s from another network or a hidden one, and of no other one',
    (verdict) => {
      const judged = (over: Partial<Evidence>, isPlaceKnown?: boolean) =>
        eventOf(
          verdict === 'stale'
            ? { verdict, evidence: evidenceOf(over) }
            : { verdict, next: NEXT, evidence: evidenceOf(over) },
          isPlaceKnown,
        );
      const event = `refresh_token_${verdict}`;
      expect(judged({})).toEqual({ event, ...told, network: 'other' });
      expect(judged({ network: 'same', isSameUserAgent: false })).toBeNull();
      // One of the two hides where it is; where both do, it is the server's proxy that nobody has named.
      const hidden = { network: 'unknown', isSameUserAgent: false } as const;
      expect(judged(hidden)).toMatchObject({ event, network: 'unknown' });
      expect(judged(hidden, false)).toBeNull();
    },
  );

  it('tells of every reused token', () => {
    for (const network of ['same', 'other', 'unknown'] as const) {
      const evidence = evidenceOf({ network, isSameUserAgent: false });
      const event = 'refresh_token_reused';
      expect(eventOf({ verdict: 'reused', evidence })).toEqual({
        event,
        ...told,
        sameUserAgent: false,
        network,
      });
    }
  });

  it('tells of a token that is ahead of its session, which has no evidence', () => {
    const event = 'refresh_token_ahead';
    expect(eventOf({ verdict: 'invalid' })).toEqual({ event, ...refresh });
  });

  it('has nothing to tell of what is ordinary', () => {
    expect(eventOf({ verdict: 'rotated', next: NEXT })).toBeNull();
    expect(eventOf({ verdict: 'replayed' })).toBeNull();
    expect(eventOf({ verdict: 'session_ended' })).toBeNull();
  });
});
