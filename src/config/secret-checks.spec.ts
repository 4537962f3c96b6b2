import { fromOptions, resolveSettings } from './resolve-settings.js';
import { fromEnvironment } from './environment.js';
import { ConfigError } from './config-error.js';
import { weakSecretWarnings } from './secret-checks.js';
import { environmentName } from './settings.js';

const GOOD = 'sRp1Oaj2uHKIV0lPgHdyTInlPzYyI4NXqUZ8iS0m2vA';
const LONG = `${GOOD}9vKq3TzW5mXc7LbNePjRk`;

const problemsOf = (env: Record<string, string>): readonly string[] => {
  try {
    resolveSettings(fromEnvironment(env));
    return [];
  } catch (error) {
    return (error as ConfigError).problems;
  }
};
const warningsOf = (env: Record<string, string>): readonly string[] =>
  weakSecretWarnings(resolveSettings(fromEnvironment(env)), environmentName);

describe('an HMAC secret', () => {
  it.each([
    ['repeats one character', 'k'.repeat(64)],
    ['repeats few characters', 'abcabcabcabcabcabcabcabcabcabcabcabc'],
    ['repeats a word', 'correcthorse'.repeat(4)],
    ['is the placeholder of a template', 'changeme-changeme-changeme-change'],
    [
      'is the placeholder of a template, spelt otherwise',
      'Change_This_to_something_long_and_random',
    ],
    ["is Django's of startproject", 'django-insecure-3!x$f8w@^q1z7m2k9v5b4n6c0j8h7g6f5d4s3a2'],
    ['stands on jwt.io', 'a-string-secret-at-least-256-bits-long'],
  ])('that %s is refused in secure and warned of in parity', (_what, secret) => {
    const env = { SIMPLE_JWT_SIGNING_KEY: secret };
    const [problem, ...more] = problemsOf(env);
    expect(more).toEqual([]);
    expect(problem).toMatch(/^SIMPLE_JWT_SIGNING_KEY is weak: it .+ Example: .*openssl rand/);
    expect(problem).not.toContain(secret);

    const parity = { ...env, SIMPLE_JWT_PROFILE: 'parity' };
    expect(problemsOf(parity)).toEqual([]);
    expect(warningsOf(parity)).toEqual([problem]);
  });

  it.each(['secure', 'parity'])('of fewer than 32 bytes is refused in %s', (profile) => {
    for (const name of ['SIMPLE_JWT_SIGNING_KEY', 'SESSION_SECRET_KEY']) {
      const env = { SIMPLE_JWT_PROFILE: profile, [name]: GOOD.slice(0, 31) };
      expect(problemsOf(env)).toEqual([
        expect.stringMatching(new RegExp(`^${name} is weak: it has fewer than 32 bytes`)),
      ]);
      expect(problemsOf({ ...env, [name]: GOOD.slice(0, 32) })).toEqual([]);
    }
  });

  it.each([
    ['HS384', 48],
    ['HS512', 64],
  ])('for %s has as many bytes as its hash, %i (RFC 7518 §3.2)', (algorithm, bytes) => {
    const env = {
      SIMPLE_JWT_ALGORITHM: algorithm,
      SIMPLE_JWT_SIGNING_KEY: LONG.slice(0, bytes - 1),
    };
    expect(problemsOf(env)).toEqual([expect.stringContaining(`it has fewer than ${bytes} bytes`)]);
    const parity = { ...env, SIMPLE_JWT_PROFILE: 'parity' };
    expect(problemsOf(parity)).toEqual([]);
    expect(warningsOf(parity)).toEqual([expect.stringContaining(`fewer than ${bytes} bytes`)]);
    const enough = { ...env, SIMPLE_JWT_SIGNING_KEY: LONG.slice(0, bytes) };
    expect(problemsOf(enough)).toEqual([]);
    expect(warningsOf(enough)).toEqual([]);
  });

  it('that is a previous one may be weak and short, with a warning that does not show it', () => {
    for (const profile of ['secure', 'parity']) {
      const env = {
        SIMPLE_JWT_PROFILE: profile,
        SIMPLE_JWT_SIGNING_KEY: GOOD,
        SIMPLE_JWT_PREVIOUS_SIGNING_KEYS: `hunter2,${LONG}`,
      };
      expect(problemsOf(env)).toEqual([]);
      const [warning, ...more] = warningsOf(env);
      expect(warning).toContain('SIMPLE_JWT_PREVIOUS_SIGNING_KEYS holds a secret that has fewer');
      expect(warning).not.toContain('hunter2');
      expect(more).toEqual([]);
    }
  });

  it('is judged in the options of a host as well, under its name there', () => {
    const resolve = () => resolveSettings(fromOptions({ signingKey: 'k'.repeat(40) }));
    expect(resolve).toThrow(/^signingKey is weak/);
    expect(() => resolveSettings(fromOptions({ signingKey: GOOD }))).not.toThrow();
  });

  it('is not what a private key is judged as', () => {
    const env = { SIMPLE_JWT_ALGORITHM: 'ES512', SIMPLE_JWT_SIGNING_KEY: '-----BEGIN' };
    expect(problemsOf(env)).toEqual([]);
    expect(warningsOf(env)).toEqual([]);
  });
});
