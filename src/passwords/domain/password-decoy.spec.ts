import { passwordDecoy } from './password-decoy.js';
import { estimatedWork, parseEncodedPassword, type ReadablePassword } from './password-format.js';

const base64 = (bytes: number): string => Buffer.alloc(bytes, 7).toString('base64');
const bare = (bytes: number): string => base64(bytes).replaceAll('=', '');

const STORED = [
  `pbkdf2_sha256$1000000$salt$${base64(32)}`,
  `pbkdf2_sha1$120000$salt$${base64(20)}`,
  `argon2$argon2id$v=19$m=102400,t=2,p=8$${bare(16)}$${bare(32)}`,
  `argon2$argon2i$m=512,t=2,p=2$${bare(10)}$${bare(16)}`,
  `bcrypt_sha256$$2b$12$${'a'.repeat(21)}e${'b'.repeat(31)}`,
  `bcrypt$$2y$04$${'a'.repeat(21)}u${'b'.repeat(31)}`,
  `scrypt$16384$salt$8$5$${base64(64)}`,
];

/** All but what differs from one password to the next. */
function costOf(text: string): Partial<ReadablePassword> & { length: number } {
  const { salt: _salt, hash, ...cost } = parseEncodedPassword(text) as ReadablePassword;
  return { ...cost, length: hash.length };
}

describe('passwordDecoy', () => {
  it.each(STORED)('has the cost of %s, and another hash', (stored) => {
    const decoy = passwordDecoy(stored)!;
    expect(costOf(decoy)).toEqual(costOf(stored));
    const [one, other] = [parseEncodedPassword(decoy), parseEncodedPassword(stored)];
    expect(estimatedWork(one as ReadablePassword)).toBe(estimatedWork(other as ReadablePassword));
    expect((one as ReadablePassword).hash).not.toEqual((other as ReadablePassword).hash);
  });

  it('is the same for all passwords of one kind, and differs between kinds', () => {
    expect(passwordDecoy(`pbkdf2_sha256$1000000$another$${base64(32)}`)).toBe(
      passwordDecoy(STORED[0] ?? ''),
    );
    expect(new Set(STORED.map(passwordDecoy)).size).toBe(STORED.length);
  });

  it.each(['', '!', '!abc', 'plainly-wrong', 'pbkdf2_sha256$0$salt$AAAA'])(
    'is none for %j, which nothing matches',
    (text) => {
      expect(passwordDecoy(text)).toBeNull();
    },
  );
});
