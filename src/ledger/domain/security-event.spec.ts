import { securityEventOf } from './security-event.js';
import type { Evidence } from './verdict.js';

const NEXT = { generation: 3, parentGeneration: 1, supersededAt: [], hasRecoveredLate: false };
const evidenceOf = (over: Partial<Evidence>): Evidence => ({
  position: 'parent',
  distance: 1,
  isFresh: true,
  isSameUserAgent: true,
  network: 'other',
  ...over,
});

describe('securityEventOf', () => {
  it('tells of a recovery from another network, and of no other recovery', () => {
    const recovered = (evidence: Evidence) =>
      securityEventOf({ verdict: 'recovered', next: NEXT, evidence });
    const evidence = evidenceOf({});
    const event = { event: 'refresh_token_recovered', isWarning: false, evidence };
    expect(recovered(evidence)).toEqual(event);
    for (const network of ['same', 'unknown'] as const) {
      expect(recovered(evidenceOf({ network, isSameUserAgent: false }))).toBeNull();
    }
  });

  it('tells of a stale token from another network, and warns where the user agent differs too', () => {
    const stale = (evidence: Evidence) => securityEventOf({ verdict: 'stale', evidence });
    for (const isSameUserAgent of [true, false]) {
      const evidence = evidenceOf({ position: 'older', isSameUserAgent });
      const event = { event: 'refresh_token_stale', isWarning: !isSameUserAgent, evidence };
      expect(stale(evidence)).toEqual(event);
      for (const network of ['same', 'unknown'] as const) {
        expect(stale({ ...evidence, network })).toBeNull();
      }
    }
  });

  it('warns of every reused token', () => {
    for (const network of ['same', 'other', 'unknown'] as const) {
      const evidence = evidenceOf({ network });
      const event = { event: 'refresh_token_reused', isWarning: true, evidence };
      expect(securityEventOf({ verdict: 'reused', evidence })).toEqual(event);
    }
  });

  it('tells of a token that is ahead of its session, without a warning', () => {
    const event = { event: 'refresh_token_ahead', isWarning: false, evidence: null };
    expect(securityEventOf({ verdict: 'invalid' })).toEqual(event);
  });

  it('has nothing to tell of what is ordinary', () => {
    expect(securityEventOf({ verdict: 'rotated', next: NEXT })).toBeNull();
    expect(securityEventOf({ verdict: 'replayed' })).toBeNull();
    expect(securityEventOf({ verdict: 'session_ended' })).toBeNull();
  });
});
