import { isWarning, type SecurityEvent } from './security-event.js';

const session = 'session:6f55e28514a375fa4af11920fbc37d51';
const refresh = {
  actor: session,
  address: '203.0.113.7',
  target: session,
  user: '7',
  generation: 1,
  current: 2,
} as const;
const refreshed = (
  event: 'refresh_token_recovered' | 'refresh_token_stale' | 'refresh_token_reused',
  sameUserAgent: boolean,
): SecurityEvent => ({
  event,
  ...refresh,
  class: 'parent',
  distance: 1,
  fresh: true,
  sameUserAgent,
  network: 'other',
});

describe('isWarning', () => {
  it('warns of every reused token', () => {
    for (const same of [true, false]) {
      expect(isWarning(refreshed('refresh_token_reused', same))).toBe(true);
    }
  });

  it.each(['refresh_token_recovered', 'refresh_token_stale'] as const)(
    'warns of %s where the user agent differs too',
    (event) => {
      expect(isWarning(refreshed(event, true))).toBe(false);
      expect(isWarning(refreshed(event, false))).toBe(true);
    },
  );

  it('warns of nothing else', () => {
    expect(isWarning({ event: 'refresh_token_ahead', ...refresh })).toBe(false);
    const target = 'user:7';
    const by = { actor: target, address: null } as const;
    expect(isWarning({ event: 'logged_in', ...by, target, session: null })).toBe(false);
  });
});
