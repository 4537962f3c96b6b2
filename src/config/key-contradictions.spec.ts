import { ConfigError, fromEnvironment, resolveSettings } from './resolve-settings.js';

const GOOD = 'sRp1Oaj2uHKIV0lPgHdyTInlPzYyI4NXqUZ8iS0m2vA';

const problemsOf = (env: Record<string, string>): readonly string[] => {
  try {
    resolveSettings(fromEnvironment(env));
    return [];
  } catch (error) {
    return (error as ConfigError).problems;
  }
};

describe('the settings of the key ring', () => {
  it.each([['sRp1Oaj2uHKIV0lPgHdyTInlPzYyI4N'], ['0'.repeat(64)], ['changeme'.repeat(4)]])(
    'refuse a weak secret: %#',
    (secret) => {
      const [problem] = problemsOf({ KEY_ENCRYPTION_KEY: secret });
      expect(problem).toMatch(/^KEY_ENCRYPTION_KEY is weak.* Example: /);
      expect(problem).not.toContain(secret);
    },
  );

  it('take a random secret, in any form', () => {
    for (const secret of [GOOD, Buffer.from(GOOD).toString('hex')]) {
      expect(problemsOf({ KEY_ENCRYPTION_KEY: secret })).toEqual([]);
    }
  });

  it('refuse the signing key as the secret', () => {
    const [problem] = problemsOf({ KEY_ENCRYPTION_KEY: GOOD, SIMPLE_JWT_SIGNING_KEY: GOOD });
    expect(problem).toContain('is the same as SIMPLE_JWT_SIGNING_KEY');
  });

  it('refuse a schedule that nobody could follow, or without a secret', () => {
    const [problem] = problemsOf({
      KEY_ENCRYPTION_KEY: GOOD,
      SIMPLE_JWT_KEY_ROTATION_INTERVAL: '19m',
    });
    expect(problem).toContain('SIMPLE_JWT_KEY_ROTATION_INTERVAL is shorter than 20 minutes');
    expect(problemsOf({ SIMPLE_JWT_KEY_ROTATION_INTERVAL: '30d' })).toEqual([
      expect.stringContaining('KEY_ENCRYPTION_KEY must be set'),
    ]);
    const good = { KEY_ENCRYPTION_KEY: GOOD, SIMPLE_JWT_KEY_ROTATION_INTERVAL: '20m' };
    expect(problemsOf(good)).toEqual([]);
  });

  it('read previous keys from a list or from JSON', () => {
    const read = (value: string): readonly string[] =>
      resolveSettings(fromEnvironment({ SIMPLE_JWT_PREVIOUS_SIGNING_KEYS: value }))
        .previousSigningKeys;
    expect(read('one, two')).toEqual(['one', 'two']);
    expect(read('["one, two"," three "]')).toEqual(['one, two', ' three ']);
    for (const wrong of ['["one"', '[1]', '[""]', 'one,,two']) {
      const [problem] = problemsOf({ SIMPLE_JWT_PREVIOUS_SIGNING_KEYS: wrong });
      expect(problem).toMatch(/^SIMPLE_JWT_PREVIOUS_SIGNING_KEYS /);
    }
  });
});
