import { readEnvironment, fromEnvironment } from './environment.js';
import { resolveSettings } from './resolve-settings.js';
import { ConfigError } from './config-error.js';

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

  it.each([
    ['SIMPLE_JWT_SIGNING_KEY', GOOD],
    ['SIMPLE_JWT_PREVIOUS_SIGNING_KEYS', `another secret of this server,${GOOD}`],
    ['SESSION_SECRET_KEY', GOOD],
  ])('refuse what another secret is as well: %s', (name, value) => {
    const problems = problemsOf({ KEY_ENCRYPTION_KEY: GOOD, [name]: value });
    expect(problems).toEqual([expect.stringContaining(`is the same as ${name}`)]);
    expect(problems.join('')).not.toContain(GOOD);
    expect(problemsOf({ KEY_ENCRYPTION_KEY: `${GOOD}.`, [name]: value })).toEqual([]);
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

describe('JWK_URL', () => {
  it.each([
    'text',
    '/jwks.json',
    'login.example.com/jwks.json',
    'ftp://login.example.com/jwks.json',
    'file:///etc/jwks.json',
    'https://',
    'https://user:secret@login.example.com/jwks.json',
    'https://user@login.example.com/jwks.json',
  ])('is refused as %s', (address) => {
    expect(problemsOf({ SIMPLE_JWT_JWK_URL: address })).toEqual([
      expect.stringMatching(/^SIMPLE_JWT_JWK_URL is not an address .* Example: https:/),
    ]);
  });

  const production = {
    NODE_ENV: 'production',
    DATABASE_URL: 'postgres://127.0.0.1/x',
    SIMPLE_JWT_SIGNING_KEY: 'a signing key of more than thirty-two bytes',
  };

  it.each([
    'http://login.example.com/jwks.json',
    'http://10.0.0.1/jwks.json',
    'http://127.0.0.1.example.com/jwks.json',
    'http://localhost.example.com/jwks.json',
  ])('is refused in production, where anybody on the way could put in a key: %s', (address) => {
    expect(problemsOf({ SIMPLE_JWT_JWK_URL: address })).toEqual([]);
    expect(() => readEnvironment({ ...production, SIMPLE_JWT_JWK_URL: address })).toThrow(
      'SIMPLE_JWT_JWK_URL must begin with https: with NODE_ENV=production',
    );
  });

  it.each([
    'https://login.example.com/jwks.json',
    'http://localhost:3000/jwks.json',
    'http://127.0.0.1:3000/',
    'http://[::1]:3000/',
  ])('is good in production: %s', (address) => {
    const { settings } = readEnvironment({ ...production, SIMPLE_JWT_JWK_URL: address });
    expect(settings.jwkUrl).toBe(address);
  });
});

describe('settings that contradict each other', () => {
  it('are named as they were given, the one to be changed first, with an example', () => {
    const env = {
      SIMPLE_JWT_ACCESS_TOKEN_LIFETIME: '2d',
      SIMPLE_JWT_JTI_CLAIM: 'none',
      SIMPLE_JWT_REVOKE_TOKEN_CLAIM: 'user_id',
      SIMPLE_JWT_USER_ID_CLAIM: 'sid',
      AUTHENTICATION_CLASSES: 'SessionAuthentication',
      SIMPLE_JWT_ALGORITHM: 'ES256',
    };
    expect(problemsOf(env)).toEqual([
      'SIMPLE_JWT_JTI_CLAIM cannot be none with the session ledger. Example: jti',
      'SIMPLE_JWT_JTI_CLAIM is none, and SIMPLE_JWT_BLACKLIST_AFTER_ROTATION is true: a token without an id cannot be blacklisted. Example: jti',
      'SIMPLE_JWT_ACCESS_TOKEN_LIFETIME is longer than SIMPLE_JWT_REFRESH_TOKEN_LIFETIME: an access token must not outlive its refresh token. Example: 5m',
      'SIMPLE_JWT_USER_ID_CLAIM has the same name as the claim sid. Example: user_id',
      "SESSION_SECRET_KEY must be set for SessionAuthentication with ES256: a private key signs no sessions. Example: Django's SECRET_KEY",
    ]);
  });

  it('are not looked for where one of them is wrong by itself', () => {
    const env = { SIMPLE_JWT_REFRESH_TOKEN_LIFETIME: '1m' };
    expect(problemsOf({ ...env, SIMPLE_JWT_ACCESS_TOKEN_LIFETIME: 'soon' })).toEqual([
      'SIMPLE_JWT_ACCESS_TOKEN_LIFETIME is not a duration. Example: 5m',
    ]);
    expect(problemsOf(env)).toEqual([expect.stringContaining('is longer than')]);
  });

  it.each(['REVOKE_TOKEN_CLAIM', 'USER_ID_CLAIM'])('are two claims of one name: %s', (claim) => {
    expect(problemsOf({ [`SIMPLE_JWT_${claim}`]: 'refresh_exp' })).toEqual([
      expect.stringMatching(/ has the same name as SIMPLE_JWT_\w+_CLAIM\. Example: /),
    ]);
  });
});

describe('a misspelt variable', () => {
  it('is refused with the name that was probably meant', () => {
    expect(problemsOf({ SIMPLE_JWT_ACCES_TOKEN_LIFETIME: '5m', SIMPLE_JWT_NONSENSE: 'x' })).toEqual(
      [
        'SIMPLE_JWT_ACCES_TOKEN_LIFETIME is not a setting. Did you mean SIMPLE_JWT_ACCESS_TOKEN_LIFETIME? docs/settings.md lists them all.',
        'SIMPLE_JWT_NONSENSE is not a setting. docs/settings.md lists them all.',
      ],
    );
  });
});
