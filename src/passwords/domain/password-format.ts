/** A PBKDF2 hash (RFC 8018 §5.2). The salt is used as the text it is, not decoded. */
export interface Pbkdf2Password {
  format: 'pbkdf2_sha256' | 'pbkdf2_sha1';
  iterations: number;
  salt: string;
  hash: Buffer;
}

/** An Argon2 hash (RFC 9106); version 16 is the one from before the RFC. */
export interface Argon2Password {
  format: 'argon2';
  variant: 'argon2id' | 'argon2i' | 'argon2d';
  version: 16 | 19;
  memoryKib: number;
  passes: number;
  lanes: number;
  salt: Buffer;
  hash: Buffer;
}

/** A bcrypt hash; `bcrypt_sha256` hashes the lower-case hex SHA-256 of the password. */
export interface BcryptPassword {
  format: 'bcrypt_sha256' | 'bcrypt';
  /** Binary logarithm of the number of rounds. */
  cost: number;
  /** What bcrypt calls a salt: version, cost and 22 characters, `$2b$12$…`. */
  salt: string;
  /** The whole bcrypt string in ASCII. */
  hash: Buffer;
}

/** A scrypt hash (RFC 7914 §2): N, r and p. The salt is used as the text it is. */
export interface ScryptPassword {
  format: 'scrypt';
  cost: number;
  blockSize: number;
  parallelization: number;
  salt: string;
  hash: Buffer;
}

/** A stored password that some password can match. */
export type ReadablePassword = Pbkdf2Password | Argon2Password | BcryptPassword | ScryptPassword;

/**
 * What the text in `auth_user.password` says (contract §15).
 *
 * - `unusable`: begins with `!`; the account has no password
 * - `unreadable`: anything else that is not one of the formats; never matches and is never an error
 */
export type EncodedPassword = ReadablePassword | { format: 'unusable' } | { format: 'unreadable' };

/** The formats that new hashes are written in. */
export type WritablePassword = Pbkdf2Password | Argon2Password;

/**
 * The most expensive stored hash that is still computed; any other is unreadable. A damaged or planted row
 * must not occupy a core for minutes or exhaust memory. All bounds lie far above Django's defaults and
 * mean at most a few seconds and 1 GiB for one hash.
 *
 * - `pbkdf2Iterations`: Django 5.2 uses 1 000 000
 * - `argon2MemoryKib`, `argon2KibPasses` (memory × passes): libsodium's `SENSITIVE`; Django uses 100 MiB × 2
 * - `bcryptCost`: Django uses 12
 * - `scryptWork` (N × r × p, 128 bytes each): N = 2^20, r = 8 as in RFC 7914 §12; Django uses 2^14 × 8 × 5
 */
export const PASSWORD_COST_LIMITS = {
  pbkdf2Iterations: 10_000_000,
  argon2MemoryKib: 1_048_576,
  argon2KibPasses: 4_194_304,
  bcryptCost: 16,
  scryptWork: 8_388_608,
} as const;

/** Characters in a salt of ours: 22 × log2(62) is over 128 bits, as Django demands since 3.2. */
export const SALT_LENGTH = 22;

const SALT_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

const UNREADABLE = { format: 'unreadable' } as const;

// Numbers carry no leading zero or sign: Django compares whole texts, so such a row never matches there.
const PBKDF2 = /^pbkdf2_(sha256|sha1)\$([1-9]\d{0,9})\$([^$]+)\$([A-Za-z0-9+/]+=?)$/;
const ARGON2_VARIANTS = ['argon2id', 'argon2i', 'argon2d'] as const;
const ARGON2 =
  /^argon2\$(\w+)(?:\$v=(16|19))?\$m=([1-9]\d{0,9}),t=([1-9]\d{0,9}),p=([1-9]\d{0,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;
/** The last character of the salt carries two bits; others in it would be a second spelling of one salt. */
const BCRYPT =
  /^(bcrypt_sha256|bcrypt)\$((\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{21}[.Oeu])[./A-Za-z0-9]{31})$/;
const SCRYPT =
  /^scrypt\$([1-9]\d{0,9})\$([^$]+)\$([1-9]\d{0,9})\$([1-9]\d{0,9})\$([A-Za-z0-9+/]+={0,2})$/;

/**
 * Reads the text of `auth_user.password` (contract §15). Never throws: a text with parts missing, odd
 * numbers, non-canonical base64 or a cost beyond `PASSWORD_COST_LIMITS` is `unreadable`. Bcrypt and argon2 are read without
 * Django's name in front as well.
 */
export function parseEncodedPassword(text: string): EncodedPassword {
  if (text.startsWith('!')) return { format: 'unusable' };
  const encoded = withDjangoPrefix(text);
  const parsed =
    readPbkdf2(encoded) ?? readArgon2(encoded) ?? readBcrypt(encoded) ?? readScrypt(encoded);
  return parsed ?? UNREADABLE;
}

/** Libraries outside Django write `$2b$…` and `$argon2id$…`, which Django's texts hold behind the name of the hasher. */
function withDjangoPrefix(text: string): string {
  if (text.startsWith('$2')) return `bcrypt$${text}`;
  return text.startsWith('$argon2') ? `argon2${text}` : text;
}

/** The text for `auth_user.password`, as Django's hasher of that format writes it. */
export function encodePassword(password: WritablePassword): string {
  const [salt, hash] =
    password.format === 'argon2'
      ? [toUnpadded(password.salt), toUnpadded(password.hash)]
      : [password.salt, password.hash.toString('base64')];
  return `${parametersText(password)}$${salt}$${hash}`;
}

/**
 * A salt of 22 letters and digits (contract §15).
 *
 * @param pick gives a uniformly distributed integer from 0 up to, not including, its argument
 */
export function makeSalt(pick: (bound: number) => number): string {
  return Array.from({ length: SALT_LENGTH }, () =>
    SALT_ALPHABET.charAt(pick(SALT_ALPHABET.length)),
  ).join('');
}

/**
 * Whether a stored hash is one that the preferred hasher would write today. As in Django's
 * `must_update`, any other parameter counts, a stronger one too, and so does a short salt.
 */
export function isUpToDate(stored: ReadablePassword, preferred: WritablePassword): boolean {
  return (
    (stored.format === 'argon2' || stored.format === 'pbkdf2_sha256') &&
    parametersText(stored) === parametersText(preferred) &&
    stored.hash.length === preferred.hash.length &&
    stored.salt.length >= SALT_LENGTH
  );
}

/**
 * About how long it takes to compute a stored hash, in microseconds of one core. Only the ratios between
 * formats matter; they were measured on x86-64 and are good to some ten per cent.
 */
export function estimatedWork(stored: ReadablePassword): number {
  switch (stored.format) {
    case 'pbkdf2_sha256':
      return stored.iterations * 0.255;
    case 'pbkdf2_sha1':
      return stored.iterations * 0.27;
    case 'argon2':
      return stored.memoryKib * stored.passes * 0.37;
    case 'bcrypt_sha256':
    case 'bcrypt':
      return 2 ** stored.cost * 63;
    default: // scrypt; a new format would not type-check here
      return stored.cost * stored.blockSize * stored.parallelization * 0.37;
  }
}

function readPbkdf2(text: string): Pbkdf2Password | null {
  const match = PBKDF2.exec(text);
  if (match === null) return null;
  const [, digest = '', iterationsText, salt = '', hashText = ''] = match;
  const iterations = Number(iterationsText);
  const hash = fromPadded(hashText);
  const isSha256 = digest === 'sha256';
  if (hash?.length !== (isSha256 ? 32 : 20)) return null;
  if (iterations > PASSWORD_COST_LIMITS.pbkdf2Iterations) return null;
  return { format: isSha256 ? 'pbkdf2_sha256' : 'pbkdf2_sha1', iterations, salt, hash };
}

function readArgon2(text: string): Argon2Password | null {
  const match = ARGON2.exec(text);
  if (match === null) return null;
  const [, variantText, version, ...rest] = match;
  const variant = ARGON2_VARIANTS.find((name) => name === variantText);
  if (variant === undefined) return null;
  const [memoryKib = 0, passes = 0, lanes = 0] = rest.slice(0, 3).map(Number);
  const salt = fromUnpadded(rest[3] ?? '');
  const hash = fromUnpadded(rest[4] ?? '');
  // Lengths as in the PHC string format; a shorter hash would match by chance.
  if (salt === null || salt.length < 8 || salt.length > 48) return null;
  if (hash === null || hash.length < 12 || hash.length > 64) return null;
  if (lanes > 255 || memoryKib < 8 * lanes) return null; // RFC 9106 §3.1, and the library's own bound
  if (memoryKib > PASSWORD_COST_LIMITS.argon2MemoryKib) return null;
  if (memoryKib * passes > PASSWORD_COST_LIMITS.argon2KibPasses) return null;
  return {
    format: 'argon2',
    variant,
    version: version === '19' ? 19 : 16, // no version at all means 16
    memoryKib,
    passes,
    lanes,
    salt,
    hash,
  };
}

function readBcrypt(text: string): BcryptPassword | null {
  const match = BCRYPT.exec(text);
  if (match === null) return null;
  const [, formatText, hash = '', salt = '', costText] = match;
  const format = formatText === 'bcrypt' ? 'bcrypt' : 'bcrypt_sha256';
  const cost = Number(costText);
  if (cost < 4 || cost > PASSWORD_COST_LIMITS.bcryptCost) return null;
  return { format, cost, salt, hash: Buffer.from(hash) };
}

function readScrypt(text: string): ScryptPassword | null {
  const match = SCRYPT.exec(text);
  if (match === null) return null;
  const [, costText, salt = '', ...rest] = match;
  const cost = Number(costText);
  const [blockSize = 0, parallelization = 0] = rest.slice(0, 2).map(Number);
  const hash = fromPadded(rest[2] ?? '');
  if (hash?.length !== 64) return null;
  if (cost * blockSize * parallelization > PASSWORD_COST_LIMITS.scryptWork) return null;
  const exponent = Math.log2(cost); // RFC 7914 §2: a power of two, and below 2^(16 r)
  if (exponent < 1 || !Number.isInteger(exponent) || exponent >= 16 * blockSize) return null;
  return { format: 'scrypt', cost, blockSize, parallelization, salt, hash };
}

function parametersText(password: WritablePassword): string {
  if (password.format !== 'argon2') return `${password.format}$${password.iterations}`;
  const { variant, version, memoryKib, passes, lanes } = password;
  return `argon2$${variant}$v=${version}$m=${memoryKib},t=${passes},p=${lanes}`;
}

/** `Buffer` skips what is not base64, so only a text that comes out the same was base64. */
function fromPadded(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : null;
}

function fromUnpadded(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  return toUnpadded(bytes) === text ? bytes : null;
}

function toUnpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}
