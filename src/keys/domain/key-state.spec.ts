import { keyState, longestLifetime, secondsToVerify } from './key-state.js';

const NOW = 1_000_000;
const NEVER = { activatedAt: null, retiredAt: null, verifiesUntil: null };

describe('a key of the ring', () => {
  it.each([
    ['next', NEVER],
    ['signing', { ...NEVER, activatedAt: NOW - 1 }],
    ['signing', { ...NEVER, activatedAt: NOW }],
    ['retired', { activatedAt: NOW - 2, retiredAt: NOW - 1, verifiesUntil: NOW + 1 }],
    ['ended', { activatedAt: NOW - 2, retiredAt: NOW - 1, verifiesUntil: NOW }],
    ['ended', { activatedAt: NOW - 2, retiredAt: NOW - 1, verifiesUntil: NOW - 1 }],
    // Retired before it ever signed.
    ['ended', { activatedAt: null, retiredAt: NOW, verifiesUntil: NOW }],
  ])('is %s with the times %j', (state, times) => {
    expect(keyState(times, NOW)).toBe(state);
  });
});

describe('the longest lifetime of a token', () => {
  const short = {
    ledger: 'sessions',
    sessionMaxLifetime: null,
    accessTokenLifetime: 300,
    refreshTokenLifetime: 600,
    slidingTokenLifetime: 300,
    slidingTokenRefreshLifetime: 600,
    leeway: 0,
  } as const;

  it.each([
    'accessTokenLifetime',
    'refreshTokenLifetime',
    'slidingTokenLifetime',
    'slidingTokenRefreshLifetime',
  ] as const)('counts %s', (name) => {
    expect(longestLifetime({ ...short, [name]: 86_400 })).toBe(86_400);
  });

  it('includes the leeway, and no second is cut off', () => {
    expect(longestLifetime({ ...short, leeway: 30 })).toBe(630);
    expect(longestLifetime({ ...short, leeway: 0.5 })).toBe(601);
  });

  it.each([
    ['refreshTokenLifetime', 7000],
    ['slidingTokenRefreshLifetime', 7000],
    // These are not cut off with their session.
    ['accessTokenLifetime', 86_400],
    ['slidingTokenLifetime', 86_400],
  ] as const)('ends with the session: %s', (name, expected) => {
    const lifetimes = { ...short, [name]: 86_400, sessionMaxLifetime: 7000 };
    expect(longestLifetime(lifetimes)).toBe(expected);
    expect(longestLifetime({ ...lifetimes, ledger: 'django' })).toBe(86_400);
    expect(longestLifetime({ ...lifetimes, sessionMaxLifetime: 100_000 })).toBe(86_400);
  });

  it.each([3_153_600_000, 1e300])('fits its column, however long it is: %d', (seconds) => {
    expect(longestLifetime({ ...short, refreshTokenLifetime: seconds })).toBe(2 ** 31 - 1);
  });

  it('is exceeded by what a retired key verifies', () => {
    expect(secondsToVerify(600)).toBeGreaterThan(600);
  });
});
