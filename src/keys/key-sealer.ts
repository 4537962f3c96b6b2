import { createPrivateKey, randomBytes, type KeyObject } from 'node:crypto';
import { ConfigError } from '../config/config-error.js';
import type { Settings } from '../config/settings.js';
import { isRingAlgorithm, type RingAlgorithm } from './domain/algorithm.js';
import { publicJwk } from './domain/jwk.js';
import { SEAL_NONCE_LENGTH, deriveSealingKey, seal, unseal } from './domain/sealed-key.js';
import type { NewKey, StoredKey } from './key-rows.js';

const ESCAPE =
  'If it is lost: nest-simplejwt keys retire <kid> --no-successor, for each key that keys list shows as next or signing.';

/** Seals private keys for the database and opens them again, with `KEY_ENCRYPTION_KEY`. */
export class KeySealer {
  private readonly sealingKey: Buffer | null;

  constructor({ keyEncryptionKey }: Pick<Settings, 'keyEncryptionKey'>) {
    this.sealingKey = keyEncryptionKey === null ? null : deriveSealingKey(keyEncryptionKey);
  }

  /** Whether there is a secret to seal and open with. */
  get isReady(): boolean {
    return this.sealingKey !== null;
  }

  /** @throws ConfigError when `KEY_ENCRYPTION_KEY` is unset */
  seal(privateKey: KeyObject, algorithm: RingAlgorithm): Omit<NewKey, 'longestLifetime'> {
    const jwk = publicJwk(privateKey, algorithm);
    if (jwk === null) throw new TypeError('the ring holds keys with a public part only');
    const plain = privateKey.export({ type: 'pkcs8', format: 'der' });
    const nonce = randomBytes(SEAL_NONCE_LENGTH);
    const sealed = seal(
      plain,
      { kid: jwk.kid, algorithm },
      this.needKey('make a signing key'),
      nonce,
    );
    plain.fill(0);
    return { kid: jwk.kid, algorithm, publicJwk: jwk, sealed };
  }

  /**
   * The private key of a row.
   *
   * @throws ConfigError when `KEY_ENCRYPTION_KEY` is unset or is not the one that sealed it
   */
  open({ kid, algorithm, sealed }: Pick<StoredKey, 'kid' | 'algorithm' | 'sealed'>): KeyObject {
    const sealingKey = this.needKey('open the signing keys in the database', ESCAPE);
    const plain = sealed && unseal(sealed, { kid, algorithm }, sealingKey);
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

  private needKey(purpose: string, otherwise = ''): Buffer {
    if (this.sealingKey !== null) return this.sealingKey;
    throw new ConfigError([
      `KEY_ENCRYPTION_KEY must be set to ${purpose}. Example: the output of openssl rand -base64 48. ${otherwise}`.trim(),
    ]);
  }
}

/** @throws ConfigError when a key that signs, or will, cannot be opened */
export function checkKeysOpen(keys: readonly StoredKey[], sealer: KeySealer): void {
  for (const key of keys) if (mustOpen(key)) sealer.open(key);
}

/** Whether a key signs, or will, here: a newer version may have made one of an algorithm that this one does not know. */
export function mustOpen({ sealed, algorithm }: StoredKey): boolean {
  return sealed !== null && isRingAlgorithm(algorithm);
}
