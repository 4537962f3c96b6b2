import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';

/** Which key a sealed private key belongs to. */
export interface SealedKeyName {
  readonly kid: string;
  readonly algorithm: string;
}

/** First byte of what is sealed in this way. */
const VERSION = 1;
/** Bytes; NIST SP 800-38D §5.2.1.1 recommends this length of a nonce. */
const NONCE_LENGTH = 12;
const TAG_LENGTH = 16;
const HEAD_LENGTH = 1 + NONCE_LENGTH + TAG_LENGTH;

/** Fresh random bytes for `seal`. */
export const SEAL_NONCE_LENGTH = NONCE_LENGTH;

/** The AES key of an operator's secret (RFC 5869); the secret must be random, since nothing here slows a guess down. */
export function deriveSealingKey(secret: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', 'nest-simplejwt signing keys', 32));
}

/**
 * Seals a private key with AES-256-GCM, bound to its id and algorithm: moved to another row it does not open.
 *
 * @param nonce - never used before with this sealing key
 */
export function seal(
  privateKey: Buffer,
  name: SealedKeyName,
  sealingKey: Buffer,
  nonce: Buffer,
): Buffer {
  const cipher = createCipheriv('aes-256-gcm', sealingKey, nonce).setAAD(boundTo(name));
  const sealed = Buffer.concat([cipher.update(privateKey), cipher.final()]);
  return Buffer.concat([Buffer.of(VERSION), nonce, cipher.getAuthTag(), sealed]);
}

/** The private key, or null when the sealing key is another one or anything was changed. */
export function unseal(sealed: Buffer, name: SealedKeyName, sealingKey: Buffer): Buffer | null {
  if (sealed.length <= HEAD_LENGTH || sealed[0] !== VERSION) return null;
  const nonce = sealed.subarray(1, 1 + NONCE_LENGTH);
  const decipher = createDecipheriv('aes-256-gcm', sealingKey, nonce, {
    authTagLength: TAG_LENGTH,
  });
  decipher.setAAD(boundTo(name)).setAuthTag(sealed.subarray(1 + NONCE_LENGTH, HEAD_LENGTH));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(HEAD_LENGTH)), decipher.final()]);
  } catch {
    return null;
  }
}

/** Neither part can hold the separator: one is base64url, the other a word of a list. */
function boundTo({ kid, algorithm }: SealedKeyName): Buffer {
  return Buffer.from(`${VERSION}.${kid}.${algorithm}`);
}
