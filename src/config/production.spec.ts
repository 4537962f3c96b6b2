import { readEnvironment } from './environment.js';
import { fromOptions, resolveSettings } from './resolve-settings.js';
import type { SettingsInput } from './settings.js';

const SIGNING_KEY = 'a signing key of more than thirty-two bytes';
const SERVER = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgres://127.0.0.1/x',
  SIMPLE_JWT_SIGNING_KEY: SIGNING_KEY,
};

describe('in production', () => {
  it.each([
    ['allowedOrigins', 'ALLOWED_ORIGINS', ['http://app.example.com']],
    ['allowedOrigins', 'ALLOWED_ORIGINS', ['https://app.example.com', 'http://10.0.0.1:8080']],
    ['jwkUrl', 'SIMPLE_JWT_JWK_URL', 'http://login.example.com/jwks.json'],
    ['refreshCookieSecure', 'SIMPLE_JWT_REFRESH_COOKIE_SECURE', false],
  ])(
    '%s is refused with a value for trying out, in the server and in a host: %#',
    (option, variable, value) => {
      const env = { ...SERVER, [variable]: String(value) };
      expect(() => readEnvironment(env)).toThrow(new RegExp(`^${variable} .* Example: `, 'm'));
      expect(() => readEnvironment({ ...env, NODE_ENV: 'development' })).not.toThrow();

      const options = { signingKey: SIGNING_KEY, [option]: value } as SettingsInput;
      const resolve = (isProduction: boolean) => () =>
        resolveSettings(fromOptions(options), isProduction);
      expect(resolve(true)).toThrow(new RegExp(`^${option} .* Example: `));
      expect(resolve(false)).not.toThrow();
    },
  );

  it('pages of this very machine and pages over TLS may be allowed origins', () => {
    const ALLOWED_ORIGINS = [
      'https://app.example.com',
      'http://localhost:5173',
      'http://127.0.0.1:3000',
      'http://[::1]:3000',
    ].join(',');
    expect(() => readEnvironment({ ...SERVER, ALLOWED_ORIGINS })).not.toThrow();
  });

  it.each([
    [{}, true],
    [{ NODE_ENV: 'production' }, false],
    [{ NODE_ENV: 'production', DOCS: 'true' }, true],
    [{ DOCS: 'false' }, false],
  ])('/docs is off unless DOCS says otherwise: %j', (env, expected) => {
    const { docs, nodeEnv } = readEnvironment({ ...SERVER, NODE_ENV: '', ...env });
    expect(docs ?? nodeEnv !== 'production').toBe(expected);
  });
});
