import { readSession, sessionAuthHash, writeSession, authHashFits } from './django-session.js';

/** Written by Django 3.2 for user 1 whose stored password is PASSWORD. */
const SECRET = 'reference-server-not-a-secret-0123456789abcdef';
const PASSWORD =
  'pbkdf2_sha256$260000$xvPeuqTkk7mekZCAqTQdqn$NAyn5yZgUta4kVdeDtsbeUesXYRmlt6MdaHXSNAleX8=';
const STORED =
  '.eJxVjEEOwiAQRe_C2hAYBKpL956hmWEYqRpISrsy3l2bdKHb_977LzXiupRx7XkeJ1ZnZdXhdyNMj1w3wHest6ZTq8s8kd4UvdOur43z87K7fwcFe_nWmUC8FZ9JIpIAR4Mx-uh8AmOSAxKbIgw2yUmYfeCBjsFLcEgGQdT7AwYNOLg:1xVbgX:W-YB0wLW6IVCXRiXWhm3xmqu4gWMjzUQ8m6ZgomVeoM';

describe('stored sessions of Django', () => {
  it('reads a session that Django wrote', () => {
    const session = readSession(STORED, SECRET);
    expect(session?.userId).toBe('1');
    expect(session && authHashFits(session, PASSWORD, SECRET)).toBe(true);
    expect(session && authHashFits(session, `${PASSWORD}x`, SECRET)).toBe(false);
  });

  it('reads what it writes', () => {
    const user = { userId: '7', authHash: sessionAuthHash(PASSWORD, SECRET) };
    const stored = writeSession(user, SECRET, 1_700_000_000);
    expect(readSession(stored, SECRET)).toEqual(user);
  });

  it.each([
    ['another secret', STORED, 'another-secret'],
    ['an altered body', STORED.replace('eJx', 'eJy'), SECRET],
    ['an altered time stamp', STORED.replace(':1xVbgX:', ':1xVbgY:'), SECRET],
    ['no signature', STORED.slice(0, STORED.lastIndexOf(':')), SECRET],
    ['an empty text', '', SECRET],
    ['colons only', '::', SECRET],
  ])('refuses %s', (_, data, secret) => {
    expect(readSession(data, secret)).toBeNull();
  });
});
