import { createHash, randomBytes } from 'node:crypto';

/**
 * A new client secret: 256 random bits as 43 letters, digits, `-` and `_`. Form-encoding changes none of these, so that
 * clients that do not form-encode for HTTP Basic (RFC 6749 §2.3.1) send the same.
 */
export function newClientSecret(): string {
  return randomBytes(32).toString('base64url');
}

/**
 * The digest of a secret, which is kept in its place. A password would need a slow hash, which makes the few likely guesses
 * expensive; of 2^256 equally likely secrets nobody can try a noticeable share. For the same reason there is no limit on
 * attempts. The digest costs a microsecond, so that a flood of attempts does not keep the server busy either.
 */
export function clientSecretDigest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
