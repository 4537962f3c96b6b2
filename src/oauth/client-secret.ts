import { createHash, randomBytes } from 'node:crypto';

/**
 * A new client secret: 256 random bits as 43 letters, digits, `-` and `_`. Form-encoding changes none of them, so that
 * clients that leave it out of HTTP Basic (RFC 6749 §2.3.1) send the same.
 */
export function newClientSecret(): string {
  return randomBytes(32).toString('base64url');
}

/**
 * What is kept of a secret. A plain digest is enough where a password would need a slow hash: that is there to make the
 * few likely guesses dear, and of 2^256 equally likely ones nobody can try a share, at whatever price. For the same reason
 * there is no limit on attempts. It costs a microsecond, so that nobody can keep us busy with it either.
 */
export function clientSecretDigest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
