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
    accessTokenLifetime: 300,
    refreshTokenLifetime: 600,
    slidingTokenLifetime: 300,
    slidingTokenRefreshLifetime: 600,
    leeway: 0,
  };

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

  it('is exceeded by what a retired key verifies', () => {
    expect(secondsToVerify(600)).toBeGreaterThan(600);
  });
});
