import { readEnvironment, fromEnvironment } from './environment.js';
import { resolveSettings } from './resolve-settings.js';
import { ConfigError } from './config-error.js';

/** The problems that the environment has, and nothing when it has none. */
function problems(env: Record<string, string>): readonly string[] {
  try {
    resolveSettings(fromEnvironment(env));
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

describe('the settings of the refresh cookie', () => {
  it.each<[Record<string, string>]>([
    [{ SIMPLE_JWT_REFRESH_COOKIE_NAME: 'my-refresh.token' }],
    [{ SIMPLE_JWT_REFRESH_COOKIE_DOMAIN: 'app.example.com' }],
    [{ SIMPLE_JWT_REFRESH_COOKIE_PATHS: '/auth/refresh,/auth/log-out/' }],
    [{ SIMPLE_JWT_REFRESH_COOKIE_PATHS: '/' }],
    [{ SIMPLE_JWT_REFRESH_COOKIE_SAME_SITE: 'none' }],
    [{ ALLOWED_ORIGINS: 'https://app.example.com,http://localhost:5173,https://[2001:db8::1]' }],
    [{ ALLOWED_ORIGINS: 'none' }],
  ])('take %j', (env) => {
    expect(problems(env)).toEqual([]);
  });

  it.each<[Record<string, string>]>([
    [{ SIMPLE_JWT_REFRESH_COOKIE_NAME: 'a b' }],
    [{ SIMPLE_JWT_REFRESH_COOKIE_NAME: 'a=b' }],
    [{ SIMPLE_JWT_REFRESH_COOKIE_NAME: '__Host-refresh' }],
    [{ SIMPLE_JWT_REFRESH_COOKIE_DOMAIN: 'com' }],
    [{ SIMPLE_JWT_REFRESH_COOKIE_DOMAIN: 'example.com; Path=/' }],
    [{ SIMPLE_JWT_REFRESH_COOKIE_PATHS: '/,/auth' }],
    [{ SIMPLE_JWT_REFRESH_COOKIE_PATHS: 'auth' }],
    [{ SIMPLE_JWT_REFRESH_COOKIE_PATHS: '/auth; Secure' }],
    [{ SIMPLE_JWT_REFRESH_COOKIE_SAME_SITE: 'Strict' }],
    [{ ALLOWED_ORIGINS: '*' }],
    [{ ALLOWED_ORIGINS: 'null' }],
    [{ ALLOWED_ORIGINS: 'https://app.example.com/' }],
    [{ ALLOWED_ORIGINS: 'https://App.example.com' }],
    [{ ALLOWED_ORIGINS: 'https://app.example.com:443' }],
    [{ ALLOWED_ORIGINS: 'app.example.com' }],
    [{ ALLOWED_ORIGINS: 'https://*.example.com' }],
    [{ ALLOWED_ORIGINS: 'file://' }],
  ])('refuse %j, with the name and an example', (env) => {
    expect(problems(env)).toEqual([
      expect.stringMatching(new RegExp(`^${Object.keys(env)[0]} .+ Example: .+`)),
    ]);
  });

  it('refuse a cookie for other sites that is not secure, which browsers drop', () => {
    expect(
      problems({
        SIMPLE_JWT_REFRESH_COOKIE_SAME_SITE: 'none',
        SIMPLE_JWT_REFRESH_COOKIE_SECURE: 'false',
      }),
    ).toEqual([expect.stringContaining('SIMPLE_JWT_REFRESH_COOKIE_SECURE must be true')]);
  });

  it('refuse a cookie that is not secure in production', () => {
    const env = {
      NODE_ENV: 'production',
      DATABASE_URL: 'postgres://127.0.0.1/x',
      SIMPLE_JWT_SIGNING_KEY: 'a signing key of more than thirty-two bytes',
    };
    expect(readEnvironment(env).settings.refreshCookieSecure).toBe(true);
    expect(() => readEnvironment({ ...env, SIMPLE_JWT_REFRESH_COOKIE_SECURE: 'false' })).toThrow(
      'SIMPLE_JWT_REFRESH_COOKIE_SECURE must be true with NODE_ENV=production',
    );
  });
});

describe('OAUTH_CLIENTS', () => {
  const digest = 'sha256-uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=';

  it('takes what create-client prints, several and one twice', () => {
    expect(problems({ OAUTH_CLIENTS: `a:${digest},b.c_d~e-f:${digest},a:${digest}` })).toEqual([]);
  });

  it.each([
    'a',
    digest,
    `:${digest}`,
    `a b:${digest}`,
    'a:secret',
    `a:${digest.slice(0, -1)}`,
    `a:${digest.replace('k=', 'l=')}`,
    `a:${digest.replace('sha256', 'sha512')}`,
    `a:${digest},b:hunter2`,
  ])('refuses %j without repeating it, for it may be a secret', (value) => {
    const [problem, ...more] = problems({ OAUTH_CLIENTS: value });
    expect(problem).toMatch(/^OAUTH_CLIENTS holds at place [12] something .+ Example: /);
    expect(problem).not.toContain('hunter2');
    expect(more).toEqual([]);
  });
});
