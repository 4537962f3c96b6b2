import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  hkdfSync,
  randomBytes,
  type KeyObject,
} from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { ConfigError } from '../config/config-error.js';
import type { Settings } from '../config/settings.js';
import { isRingAlgorithm, type RingAlgorithm } from './domain/algorithm.js';
import { publicJwk } from './domain/jwk.js';
import { KeyRepository, type NewKey, type StoredKey } from './key-repository.js';

/** Which key a wrapped private key belongs to. */
interface WrappedKeyName {
  readonly kid: string;
  readonly algorithm: string;
}

/** First byte of a key that is wrapped in this way. */
const VERSION = 1;
/** Bytes; NIST SP 800-38D §5.2.1.1 recommends this length of a nonce. */
const NONCE_LENGTH = 12;
const TAG_LENGTH = 16;
const HEAD_LENGTH = 1 + NONCE_LENGTH + TAG_LENGTH;

const ESCAPE =
  'If it is lost: nest-simplejwt keys retire <kid> --no-successor, for each key that keys list shows as next or signing.';

/** Encrypts private keys for the database and decrypts them again, with `KEY_ENCRYPTION_KEY`. */
export class KeyEncryption {
  private readonly wrappingKey: Buffer | null;

  constructor({ keyEncryptionKey }: Pick<Settings, 'keyEncryptionKey'>) {
    this.wrappingKey = keyEncryptionKey === null ? null : deriveWrappingKey(keyEncryptionKey);
  }

  /** Whether there is a secret to encrypt and decrypt with. */
  get isReady(): boolean {
    return this.wrappingKey !== null;
  }

  /** @throws ConfigError when `KEY_ENCRYPTION_KEY` is unset */
  encrypt(privateKey: KeyObject, algorithm: RingAlgorithm): Omit<NewKey, 'longestLifetime'> {
    const jwk = publicJwk(privateKey, algorithm);
    if (jwk === null) throw new TypeError('the ring holds keys with a public part only');
    const name = { kid: jwk.kid, algorithm };
    const wrappingKey = this.getWrappingKey('make a signing key');
    const plain = privateKey.export({ type: 'pkcs8', format: 'der' });
    const encrypted = wrap(plain, name, wrappingKey, randomBytes(NONCE_LENGTH));
    plain.fill(0);
    return { ...name, publicJwk: jwk, encrypted };
  }

  /**
   * The private key of a row.
   *
   * @throws ConfigError when `KEY_ENCRYPTION_KEY` is unset or is not the one that encrypted it
   */
  decrypt({ kid, algorithm, encrypted }: NewKey): KeyObject {
    const wrappingKey = this.getWrappingKey('open the signing keys in the database', ESCAPE);
    const plain = encrypted && unwrap(encrypted, { kid, algorithm }, wrappingKey);
    if (plain === null) {
      throw new ConfigError([
        `KEY_ENCRYPTION_KEY does not open the signing key ${kid} in the database: give the one that it was made with. ${ESCAPE}`,
      ]);
    }
    const key = createPrivateKey({ key: plain, type: 'pkcs8', format: 'der' });
    plain.fill(0);
    if (publicJwk(key, algorithm)?.kid === kid) return key;
    throw new ConfigError([`The signing key ${kid} in the database is not the one it is named.`]);
  }

  /** @throws ConfigError when a key that signs, or will, cannot be decrypted */
  check(keys: readonly StoredKey[]): void {
    for (const key of keys) if (mustDecrypt(key)) this.decrypt(key);
  }

  private getWrappingKey(purpose: string, otherwise = ''): Buffer {
    if (this.wrappingKey !== null) return this.wrappingKey;
    throw new ConfigError([
      `KEY_ENCRYPTION_KEY must be set to ${purpose}. Example: the output of openssl rand -base64 48. ${otherwise}`.trim(),
    ]);
  }
}

/** Whether this server signs with the key, or will: a newer version may have made one of an algorithm unknown here. */
export function mustDecrypt({ encrypted, algorithm }: StoredKey): boolean {
  return encrypted !== null && isRingAlgorithm(algorithm);
}

/**
 * Looks whether a server with these settings can use the ring, before the server is built: an error from inside of Nest
 * would be logged with a stack.
 *
 * @throws ConfigError when the ring holds a private key that `KEY_ENCRYPTION_KEY` does not open
 */
export async function checkKeyRing(
  database: Pick<EntityManager, 'query'>,
  settings: Pick<Settings, 'keyEncryptionKey'>,
): Promise<void> {
  new KeyEncryption(settings).check(await new KeyRepository(database).findLive());
}

/** The AES key of an operator's secret (RFC 5869); the secret must be random, since nothing here slows a guess down. */
export function deriveWrappingKey(secret: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', 'nest-simplejwt signing keys', 32));
}

/**
 * Encrypts a private key with AES-256-GCM, bound to its id and algorithm: moved to another row it does not open.
 *
 * @param nonce - 12 bytes, never used before with this wrapping key
 */
export function wrap(
  privateKey: Buffer,
  name: WrappedKeyName,
  wrappingKey: Buffer,
  nonce: Buffer,
): Buffer {
  const cipher = createCipheriv('aes-256-gcm', wrappingKey, nonce).setAAD(boundTo(name));
  const encrypted = Buffer.concat([cipher.update(privateKey), cipher.final()]);
  return Buffer.concat([Buffer.of(VERSION), nonce, cipher.getAuthTag(), encrypted]);
}

/** The private key, or null when the wrapping key is another one or anything was changed. */
export function unwrap(wrapped: Buffer, name: WrappedKeyName, wrappingKey: Buffer): Buffer | null {
  if (wrapped.length <= HEAD_LENGTH || wrapped[0] !== VERSION) return null;
  const nonce = wrapped.subarray(1, 1 + NONCE_LENGTH);
  const options = { authTagLength: TAG_LENGTH };
  const decipher = createDecipheriv('aes-256-gcm', wrappingKey, nonce, options);
  decipher.setAAD(boundTo(name)).setAuthTag(wrapped.subarray(1 + NONCE_LENGTH, HEAD_LENGTH));
  try {
    return Buffer.concat([decipher.update(wrapped.subarray(HEAD_LENGTH)), decipher.final()]);
  } catch {
    return null;
  }
}

/** Neither part can hold the separator: one is base64url, the other a word of a list. */
function boundTo({ kid, algorithm }: WrappedKeyName): Buffer {
  return Buffer.from(`${VERSION}.${kid}.${algorithm}`);
}
