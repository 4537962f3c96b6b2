import { closest } from './closest.js';

const KNOWN = ['signingKey', 'leeway', 'accessTokenLifetime', 'refreshTokenLifetime'];

describe('the hint at a misspelt name', () => {
  it.each([
    ['signinKey', 'signingKey'],
    ['SIGNING_KEY', 'signingKey'],
    ['SIMPLE_JWT_SIGNING_KEY', 'signingKey'],
    ['leway', 'leeway'],
    ['accesTokenLifetime', 'accessTokenLifetime'],
  ])('of %s is %s', (name, meant) => {
    expect(closest(name, KNOWN)).toBe(` Did you mean ${meant}?`);
  });

  it.each(['cats', 'x', '', 'userEntity'])('is not given for %j', (name) => {
    expect(closest(name, KNOWN)).toBe('');
  });
});
