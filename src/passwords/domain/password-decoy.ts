import { parseEncodedPassword, SALT_LENGTH, type ReadablePassword } from './password-format.js';

const SALT = '0'.repeat(SALT_LENGTH);
const BCRYPT_SALT = '.'.repeat(22);
const BCRYPT_HASH = '.'.repeat(31);

/**
 * A stored password that costs as much to check as this one, and that no password matches. Equal costs give equal texts,
 * so that it serves as the name of a kind as well.
 *
 * @returns null for a text that nothing matches anyhow, and that costs nothing by itself
 */
export function passwordDecoy(encoded: string): string | null {
  const stored = parseEncodedPassword(encoded);
  if (stored.format === 'unusable' || stored.format === 'unreadable') return null;
  return decoyOf(stored);
}

function decoyOf(stored: ReadablePassword): string {
  // No password can be found whose hash has no bit set.
  const hash = Buffer.alloc(stored.hash.length).toString('base64');
  switch (stored.format) {
    case 'pbkdf2_sha256':
    case 'pbkdf2_sha1':
      return `${stored.format}$${stored.iterations}$${SALT}$${hash}`;
    case 'argon2': {
      const { variant, version, memoryKib, passes, lanes } = stored;
      const salt = Buffer.from(SALT).toString('base64').replaceAll('=', '');
      return `argon2$${variant}$v=${version}$m=${memoryKib},t=${passes},p=${lanes}$${salt}$${hash.replaceAll('=', '')}`;
    }
    case 'bcrypt_sha256':
    case 'bcrypt': {
      const cost = String(stored.cost).padStart(2, '0');
      return `${stored.format}$$2b$${cost}$${BCRYPT_SALT}${BCRYPT_HASH}`;
    }
    default: {
      // scrypt; a new format would not type-check here
      const { cost, blockSize, parallelization } = stored;
      return `scrypt$${cost}$${SALT}$${blockSize}$${parallelization}$${hash}`;
    }
  }
}
