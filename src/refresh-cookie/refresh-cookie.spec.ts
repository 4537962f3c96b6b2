import { fromOptions, resolveSettings } from '../config/resolve-settings.js';
import type { SettingsInput } from '../config/settings.js';
import {
  cookieValues,
  coveringPaths,
  domainsOf,
  refreshCookieForm,
  refreshCookieName,
  setCookies,
  sweepingCookies,
} from './refresh-cookie.js';

const settings = (options: SettingsInput) => resolveSettings(fromOptions(options));

describe('the name of the refresh cookie', () => {
  it.each<[SettingsInput, string]>([
    [{}, '__Secure-refresh'],
    [{ refreshCookieName: 'r' }, '__Secure-r'],
    [{ refreshCookieSecure: false }, 'refresh'],
    [{ refreshCookiePaths: ['/'] }, '__Host-refresh'],
    [{ refreshCookiePaths: ['/'], refreshCookieDomain: 'example.com' }, '__Secure-refresh'],
    [{ refreshCookiePaths: ['/auth'] }, '__Secure-refresh'],
    [{ refreshCookiePaths: ['/'], refreshCookieSecure: false }, 'refresh'],
  ])('has the strictest prefix that browsers take it with: %j', (options, name) => {
    expect(refreshCookieName(settings(options))).toBe(name);
  });
});

describe('the paths of the refresh cookie', () => {
  it.each<[string[], string[]]>([
    [
      ['/login/refresh', '/login/blacklist'],
      ['/login/refresh', '/login/blacklist'],
    ],
    [
      ['/api/token/refresh/', '/api/token/refresh', '/log-out/'],
      ['/api/token/refresh', '/log-out'],
    ],
    [['/auth', '/auth/log-out'], ['/auth']],
    [['/auth/log-out', '/auth/'], ['/auth']],
    [
      ['/auth', '/author'],
      ['/auth', '/author'],
    ],
    [['/', '/auth'], ['/']],
  ])('are the fewest that reach those views alone: %j', (paths, covering) => {
    expect(coveringPaths(paths)).toEqual(covering);
  });

  it('are those of the settings where a proxy changes them', () => {
    const form = refreshCookieForm(settings({ refreshCookiePaths: '/auth/refresh,/auth/out' }), [
      '/refresh',
    ]);
    expect(setCookies(form, 'a.b.c', 60)).toEqual(
      ['/auth/refresh', '/auth/out'].map(
        (path) =>
          `__Secure-refresh=a.b.c; Max-Age=60; Path=${path}; HttpOnly; Secure; SameSite=Strict`,
      ),
    );
  });
});

describe('the values of a cookie', () => {
  it.each<[string | undefined, string[]]>([
    [undefined, []],
    ['', []],
    ['other=1', []],
    ['name=', []],
    ['xname=1; name2=2; Name=3', []],
    ['name=a.b-c_d', ['a.b-c_d']],
    ['x=1;name=a; y="2"', ['a']],
    ['name=a; name=a', ['a']],
    ['name=a; x=1; name=b', ['a', 'b']],
    ['__proto__=1; name=a; constructor=2', ['a']],
    ['; ;=; name', []],
  ])('of %j', (header, values) => {
    expect(cookieValues(header, 'name')).toEqual(values);
  });
});

describe('a cookie that was planted', () => {
  it.each<[string, string[]]>([
    ['app.example.com', ['app.example.com', 'example.com']],
    ['app.example.com:8443', ['app.example.com', 'example.com']],
    ['example.com', ['example.com']],
    [
      'a.b.c.d.e.example.com',
      ['a.b.c.d.e.example.com', 'd.e.example.com', 'e.example.com', 'example.com'],
    ],
    ['localhost:3000', []],
    ['127.0.0.1:3000', []],
    ['[::1]:3000', []],
    ['', []],
  ])('comes to %j for the domains %j', (host, domains) => {
    expect(domainsOf(host)).toEqual(domains);
  });

  it('is deleted wherever it can be, and the server\u2019s own left alone', () => {
    const form = refreshCookieForm(settings({ refreshCookieDomain: 'example.com' }), ['/a/renew']);
    expect(sweepingCookies(form, ['b.example.com', 'example.com'], ['/a/renew'])).toEqual(
      [
        ['b.example.com', '/'],
        ['b.example.com', '/a'],
        ['b.example.com', '/a/'],
        ['b.example.com', '/a/renew'],
        ['example.com', '/'],
        ['example.com', '/a'],
        ['example.com', '/a/'],
      ].map(
        ([domain, path]) => `__Secure-refresh=; Max-Age=0; Domain=${domain}; Path=${path}; Secure`,
      ),
    );
  });
});
