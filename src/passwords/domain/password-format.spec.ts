import * as fc from 'fast-check';
import type { ReadablePassword, WritablePassword } from './password-format.js';
import {
  encodePassword,
  estimatedWork,
  isUpToDate,
  makeSalt,
  parseEncodedPassword,
} from './password-format.js';

const B64_20 = 'RBy923K/3oXAysOZRMn6MNspcoI=';
const B64_32 = 'sNTWMmoE/PHnLsbJ9qVvSHdu7kwe9V8TB/iwExcQ4gw=';
const B64_64 =
  'K36v0CAtj5Y7qTLr0WCPkKqhSWTtJp5PCtuqY3h+Yq3zbNg8e5NUC54+BOo1pU3FGBfaIOUkXI7PRwqfHuME/A==';
const ARGON2_TAIL = 'Zml4ZWRTYWx0MDAwMDAwMg$DpvjbAd62XU06Kn0Ev/orPAwe2vdO0oIau5uSNbSf4Q';
const BCRYPT_TAIL = 'I.sHry9ObqLo6gXy/M4De.tDe/PPeaVSAV4KvaHj8OaSnaa0BqqTm';

function readWritable(text: string): WritablePassword {
  const password = read(text);
  if (password.format === 'argon2' || password.format === 'pbkdf2_sha256') return password;
  throw new Error(`${text} is ${password.format}`);
}

function read(text: string): ReadablePassword {
  const parsed = parseEncodedPassword(text);
  if (parsed.format === 'unusable' || parsed.format === 'unreadable') {
    throw new Error(`${text} is ${parsed.format}`);
  }
  return parsed;
}

describe('parseEncodedPassword', () => {
  it('reads both PBKDF2 formats', () => {
    expect(read(`pbkdf2_sha256$260000$fixedSalt$${B64_32}`)).toEqual({
      format: 'pbkdf2_sha256',
      iterations: 260_000,
      salt: 'fixedSalt',
      hash: Buffer.from(B64_32, 'base64'),
    });
    expect(read(`pbkdf2_sha1$1$ sält$${B64_20}`)).toEqual({
      format: 'pbkdf2_sha1',
      iterations: 1,
      salt: ' sält',
      hash: Buffer.from(B64_20, 'base64'),
    });
  });

  it.each(['argon2id', 'argon2i', 'argon2d'])('reads %s with its parameters', (variant) => {
    expect(read(`argon2$${variant}$v=19$m=8192,t=2,p=3$${ARGON2_TAIL}`)).toMatchObject({
      format: 'argon2',
      variant,
      version: 19,
      memoryKib: 8192,
      passes: 2,
      lanes: 3,
      salt: Buffer.from('fixedSalt0000002'),
    });
  });

  it('takes an Argon2 hash that names no version for version 16', () => {
    expect(read(`argon2$argon2i$m=8,t=1,p=1$${ARGON2_TAIL}`)).toMatchObject({ version: 16 });
    expect(read(`argon2$argon2i$v=16$m=8,t=1,p=1$${ARGON2_TAIL}`)).toMatchObject({ version: 16 });
  });

  it.each(['2a', '2b', '2y'])('reads bcrypt strings of version %s', (version) => {
    const text = `$${version}$06$${BCRYPT_TAIL}`;
    const expected = { cost: 6, salt: text.slice(0, 29), hash: Buffer.from(text) };
    expect(read(`bcrypt$${text}`)).toEqual({ format: 'bcrypt', ...expected });
    expect(read(`bcrypt_sha256$${text}`)).toEqual({ format: 'bcrypt_sha256', ...expected });
  });

  it('reads scrypt', () => {
    expect(read(`scrypt$16384$fixedSalt06$8$5$${B64_64}`)).toEqual({
      format: 'scrypt',
      cost: 16_384,
      blockSize: 8,
      parallelization: 5,
      salt: 'fixedSalt06',
      hash: Buffer.from(B64_64, 'base64'),
    });
  });

  it.each(['!', '!kAm2WbFRuc2pUjwsTOl2mSjzVvjZ6kGAcCRBYs4v', `!pbkdf2_sha256$1$s$${B64_32}`])(
    'takes %p for unusable',
    (text) => {
      expect(parseEncodedPassword(text)).toEqual({ format: 'unusable' });
    },
  );

  it.each([
    ['nothing', ''],
    ['no format', 'plainly-wrong'],
    ['an unknown format', 'whirlpool$1$salt$abcdef'],
    ['an ancient format', 'md5$salt$0123456789abcdef0123456789abcdef'],
    ['a format in capitals', `PBKDF2_SHA256$1000$salt$${B64_32}`],
    ['a space in front', ` pbkdf2_sha256$1000$salt$${B64_32}`],
    ['a line end behind', `pbkdf2_sha256$1000$salt$${B64_32}\n`],
    ['a NUL behind', `pbkdf2_sha256$1000$salt$${B64_32}\0`],
    ['only the name of a format', 'pbkdf2_sha256'],
    ['no hash', 'pbkdf2_sha256$1000$salt'],
    ['an empty hash', 'pbkdf2_sha256$1000$salt$'],
    ['an empty salt', `pbkdf2_sha256$1000$$${B64_32}`],
    ['a part too many', `pbkdf2_sha256$1000$salt$${B64_32}$x`],
    ['a hash of the wrong length', `pbkdf2_sha256$1000$salt$${B64_20}`],
    ['a SHA-1 hash of the wrong length', `pbkdf2_sha1$1000$salt$${B64_32}`],
    ['a hash without its padding', `pbkdf2_sha256$1000$salt$${B64_32.slice(0, -1)}`],
    ['a hash with stray last bits', `pbkdf2_sha256$1000$salt$${B64_32.slice(0, -2)}x=`],
    ['a hash in base64url', `pbkdf2_sha256$1000$salt$${B64_32.replace('/', '_')}`],
    ['no iterations', `pbkdf2_sha256$0$salt$${B64_32}`],
    ['negative iterations', `pbkdf2_sha256$-1$salt$${B64_32}`],
    ['iterations with a leading zero', `pbkdf2_sha256$01000$salt$${B64_32}`],
    ['iterations with an exponent', `pbkdf2_sha256$1e3$salt$${B64_32}`],
    ['iterations in other digits', `pbkdf2_sha256$١٠٠٠$salt$${B64_32}`],
    ['too many iterations', `pbkdf2_sha256$10000001$salt$${B64_32}`],
    ['endlessly many iterations', `pbkdf2_sha256$${'9'.repeat(400)}$salt$${B64_32}`],
    ['an unknown Argon2 variant', `argon2$argon2x$v=19$m=8,t=1,p=1$${ARGON2_TAIL}`],
    ['an unknown Argon2 version', `argon2$argon2id$v=20$m=8,t=1,p=1$${ARGON2_TAIL}`],
    ['Argon2 parameters in another order', `argon2$argon2id$v=19$t=1,m=8,p=1$${ARGON2_TAIL}`],
    ['a missing Argon2 parameter', `argon2$argon2id$v=19$m=8,t=1$${ARGON2_TAIL}`],
    [
      'Argon2 with less memory than its lanes need',
      `argon2$argon2id$v=19$m=15,t=1,p=2$${ARGON2_TAIL}`,
    ],
    ['too many Argon2 lanes', `argon2$argon2id$v=19$m=65536,t=1,p=256$${ARGON2_TAIL}`],
    ['too much Argon2 memory', `argon2$argon2id$v=19$m=1048577,t=1,p=1$${ARGON2_TAIL}`],
    ['too much Argon2 work', `argon2$argon2id$v=19$m=1048576,t=5,p=1$${ARGON2_TAIL}`],
    ['an Argon2 salt too short', 'argon2$argon2id$v=19$m=8,t=1,p=1$c2FsdA$DpvjbAd62XU06Kn0Ev/orA'],
    [
      'an Argon2 salt too long',
      `argon2$argon2id$v=19$m=8,t=1,p=1$${'A'.repeat(88)}$DpvjbAd62XU06Kn0Ev/orA`,
    ],
    ['an Argon2 hash too short', 'argon2$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$Dpvj'],
    ['an Argon2 hash too long', `argon2$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$${'A'.repeat(88)}`],
    ['padded Argon2 base64', `argon2$argon2id$v=19$m=8,t=1,p=1$${ARGON2_TAIL}=`],
    [
      'Argon2 base64 of an impossible length',
      'argon2$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQAA$DpvjbAd62XU06Kn0Ev/orA',
    ],
    ['bcrypt without the second dollar', `bcrypt$2b$06$${BCRYPT_TAIL}`],
    ['bcrypt of the broken version', `bcrypt$$2x$06$${BCRYPT_TAIL}`],
    ['bcrypt cut short', `bcrypt$$2b$06$${BCRYPT_TAIL.slice(0, -1)}`],
    ['bcrypt with a character too many', `bcrypt$$2b$06$${BCRYPT_TAIL}.`],
    ['bcrypt of too low a cost', `bcrypt$$2b$03$${BCRYPT_TAIL}`],
    ['bcrypt of too high a cost', `bcrypt_sha256$$2b$17$${BCRYPT_TAIL}`],
    ['scrypt with a part missing', `scrypt$16384$salt$8$${B64_64}`],
    ['scrypt with an empty salt', `scrypt$16384$$8$1$${B64_64}`],
    ['scrypt with a cost that is no power of two', `scrypt$16383$salt$8$1$${B64_64}`],
    ['scrypt with a cost of one', `scrypt$1$salt$8$1$${B64_64}`],
    ['scrypt with a cost too high for its blocks', `scrypt$65536$salt$1$1$${B64_64}`],
    ['too much scrypt work', `scrypt$1048576$salt$8$2$${B64_64}`],
    ['scrypt with a hash of the wrong length', `scrypt$16384$salt$8$1$${B64_32}`],
  ])('takes a text with %s for unreadable', (_what, text) => {
    expect(parseEncodedPassword(text)).toEqual({ format: 'unreadable' });
  });

  it.each([
    `pbkdf2_sha256$10000000$salt$${B64_32}`,
    `argon2$argon2id$v=19$m=1048576,t=4,p=255$${ARGON2_TAIL}`,
    `bcrypt$$2b$16$${BCRYPT_TAIL}`,
    `bcrypt$$2b$04$${BCRYPT_TAIL}`,
    `scrypt$1048576$salt$8$1$${B64_64}`,
    `scrypt$32768$salt$1$1$${B64_64}`,
  ])('still reads %s, which is as dear or as cheap as allowed', (text) => {
    expect(() => read(text)).not.toThrow();
  });

  it('never throws, whatever the text', () => {
    const piece = fc.oneof(
      fc.constantFrom('pbkdf2_sha256', 'argon2', 'argon2id', 'bcrypt', 'scrypt', '2b', 'v=19', '!'),
      fc.constantFrom('m=8,t=1,p=1', '16384', '8', '06', B64_32, B64_64, BCRYPT_TAIL, ''),
      fc.string({ unit: 'binary' }),
      fc.nat().map(String),
    );
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('$')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        expect(typeof parseEncodedPassword(text).format).toBe('string');
      }),
      { numRuns: 1000 },
    );
  });

  it('takes a damaged hash for unreadable, unless only a salt or a hash changed', () => {
    const text = `pbkdf2_sha256$1000$salt$${B64_32}`;
    fc.assert(
      fc.property(fc.nat({ max: text.length - 1 }), (end) => {
        expect(parseEncodedPassword(text.slice(0, end))).toEqual({ format: 'unreadable' });
      }),
    );
  });
});

const bytes = (minLength: number, maxLength: number) =>
  fc.uint8Array({ minLength, maxLength }).map((array) => Buffer.from(array));
const saltText = fc.stringMatching(/^[^$]+$/);
const iterations = fc.integer({ min: 1, max: 10_000_000 });
const writable: fc.Arbitrary<WritablePassword> = fc.oneof(
  fc.record({
    format: fc.constant('pbkdf2_sha256' as const),
    iterations,
    salt: saltText,
    hash: bytes(32, 32),
  }),
  fc.record({
    format: fc.constant('pbkdf2_sha1' as const),
    iterations,
    salt: saltText,
    hash: bytes(20, 20),
  }),
  fc.record({
    format: fc.constant('argon2' as const),
    variant: fc.constantFrom('argon2id', 'argon2i', 'argon2d'),
    version: fc.constantFrom(16, 19),
    memoryKib: fc.integer({ min: 2040, max: 1_048_576 }),
    passes: fc.integer({ min: 1, max: 4 }),
    lanes: fc.integer({ min: 1, max: 255 }),
    salt: bytes(8, 48),
    hash: bytes(12, 64),
  }),
);

describe('encodePassword', () => {
  it('writes what parsing reads', () => {
    fc.assert(
      fc.property(writable, (password) => {
        expect(parseEncodedPassword(encodePassword(password))).toEqual(password);
      }),
    );
  });

  it.each([
    `pbkdf2_sha256$1000000$fixedSalt0123456789012$${B64_32}`,
    `argon2$argon2id$v=19$m=19456,t=2,p=1$${ARGON2_TAIL}`,
  ])('writes %s as Django does', (text) => {
    expect(encodePassword(readWritable(text))).toBe(text);
  });
});

describe('makeSalt', () => {
  it('picks 22 letters and digits', () => {
    let next = 0;
    const bounds: number[] = [];
    const salt = makeSalt((bound) => {
      bounds.push(bound);
      return (next += 3) % bound;
    });
    expect(salt).toBe('DGJMPSVYbehknqtwz258BE');
    expect(bounds).toEqual(Array.from({ length: 22 }, () => 62));
  });

  it('reaches the first and the last character', () => {
    expect(makeSalt(() => 0)).toBe('A'.repeat(22));
    expect(makeSalt((bound) => bound - 1)).toBe('9'.repeat(22));
  });
});

describe('isUpToDate', () => {
  const salt = 'A'.repeat(22);
  const pbkdf2 = `pbkdf2_sha256$1000000$${salt}$${B64_32}`;
  const [argon2Salt, argon2Hash] = [
    Buffer.from(salt).toString('base64').replace(/=+$/, ''),
    B64_32.slice(0, -1),
  ];
  const argon2 = `argon2$argon2id$v=19$m=19456,t=2,p=1$${argon2Salt}$${argon2Hash}`;

  it.each([pbkdf2, argon2])('is true of the preferred form %s', (text) => {
    expect(isUpToDate(read(text), readWritable(text))).toBe(true);
  });

  it.each([
    ['fewer iterations', pbkdf2, pbkdf2.replace('1000000', '999999')],
    ['more iterations', pbkdf2, pbkdf2.replace('1000000', '1000001')],
    ['a short salt', pbkdf2, pbkdf2.replace(salt, 'A'.repeat(21))],
    ['SHA-1', pbkdf2, `pbkdf2_sha1$1000000$${salt}$${B64_20}`],
    ['another format', pbkdf2, argon2],
    ['the other format', argon2, pbkdf2],
    ['less memory', argon2, argon2.replace('m=19456', 'm=19455')],
    ['more memory', argon2, argon2.replace('m=19456', 'm=102400')],
    ['other passes', argon2, argon2.replace('t=2', 't=3')],
    ['other lanes', argon2, argon2.replace('p=1', 'p=8')],
    ['another variant', argon2, argon2.replace('argon2id', 'argon2i')],
    ['an older version', argon2, argon2.replace('v=19', 'v=16')],
    ['a shorter hash', argon2, argon2.replace(argon2Hash, 'DpvjbAd62XU06Kn0Ev/orA')],
    ['a short binary salt', argon2, argon2.replace(argon2Salt, 'Zml4ZWRTYWx0MDAwMDAwMg')],
    ['bcrypt', argon2, `bcrypt$$2b$12$${BCRYPT_TAIL}`],
    ['scrypt', argon2, `scrypt$16384$${salt}$8$5$${B64_64}`],
  ])('is false of %s', (_what, preferred, stored) => {
    expect(isUpToDate(read(stored), readWritable(preferred))).toBe(false);
  });
});

describe('estimatedWork', () => {
  it('orders the formats as their hashing takes longer', () => {
    const ascending = [
      `pbkdf2_sha256$1000$salt$${B64_32}`,
      `pbkdf2_sha1$5000$salt$${B64_20}`,
      `bcrypt$$2b$06$${BCRYPT_TAIL}`,
      `argon2$argon2id$v=19$m=19456,t=2,p=1$${ARGON2_TAIL}`,
      `scrypt$16384$salt$8$1$${B64_64}`,
      `argon2$argon2id$v=19$m=102400,t=2,p=8$${ARGON2_TAIL}`,
      `scrypt$16384$salt$8$5$${B64_64}`,
      `pbkdf2_sha256$1000000$salt$${B64_32}`,
      `bcrypt_sha256$$2b$12$${BCRYPT_TAIL}`,
    ].map((text) => estimatedWork(read(text)));
    expect(ascending).toEqual(ascending.toSorted((one, other) => one - other));
  });
});
