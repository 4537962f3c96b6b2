import { isFromAllowedPage, isFromBrowser, type OriginRules } from './refresh-cookie-origin.js';

const RULES: OriginRules = {
  allowedOrigins: ['https://app.example.com'],
  refreshCookieSecure: true,
};

describe('a page without Sec-Fetch-Site', () => {
  it.each<[string, string, boolean]>([
    ['https://example.com', 'example.com', true],
    ['https://example.com', 'example.com:443', true],
    ['https://example.com', 'EXAMPLE.com', true],
    ['https://example.com:8443', 'example.com:8443', true],
    ['https://[2001:db8::1]:8443', '[2001:db8::1]:8443', true],
    ['http://example.com', 'example.com', false],
    ['http://example.com', 'example.com:80', false],
    ['https://example.com', 'example.com:8443', false],
    ['https://example.com', 'example.com.evil.example', false],
    ['null', 'null', false],
    ['null', 'not a host', false],
    ['', '', false],
    ['https://app.example.com', '', true],
  ])('of %s that asks %s: %s', (origin, host, isAllowed) => {
    expect(isFromAllowedPage({ headers: { origin, host } }, RULES)).toBe(isAllowed);
  });

  it('is asked for its host in HTTP/2 as well', () => {
    const headers = { origin: 'https://example.com', ':authority': 'example.com' };
    expect(isFromAllowedPage({ headers }, RULES)).toBe(true);
  });

  it('may be on plain HTTP only where the cookie may', () => {
    const headers = { origin: 'http://localhost:3000', host: 'localhost:3000' };
    expect(isFromAllowedPage({ headers }, RULES)).toBe(false);
    expect(isFromAllowedPage({ headers }, { ...RULES, refreshCookieSecure: false })).toBe(true);
  });
});

it.each<[Record<string, string>, boolean]>([
  [{}, false],
  [{ 'user-agent': 'Mozilla/5.0', 'sec-fetch-mode': 'cors' }, false],
  [{ 'sec-fetch-site': 'none' }, true],
  [{ origin: 'null' }, true],
])('a request with %j comes from a browser: %s', (headers, isBrowser) => {
  expect(isFromBrowser({ headers })).toBe(isBrowser);
});
