import { createHmac } from 'node:crypto';

/** The key of every test server that is given no other. */
export const SIGNING_KEY = 'the-signing-key-of-the-tests-0123456789abcdef0123456789abcdef';

/** The claims of a token, unverified. */
export function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<
    string,
    unknown
  >;
}

/** Base64url of a text, of bytes, or of a value's JSON. */
export function encodePart(value: unknown): string {
  const isRaw = typeof value === 'string' || value instanceof Uint8Array;
  return Buffer.from(isRaw ? (value as string) : JSON.stringify(value)).toString('base64url');
}

/** A token signed with HMAC, whatever its header says: how an attacker who knows the key text would sign. */
export function forge(
  header: unknown,
  claims: unknown,
  key: string | Buffer = SIGNING_KEY,
  hash = 'sha256',
): string {
  const input = `${encodePart(header)}.${encodePart(claims)}`;
  return `${input}.${createHmac(hash, key).update(input).digest('base64url')}`;
}

/**
 * Claims that make a good access token of this user.
 *
 * @param now - epoch seconds of the server's clock
 */
export function accessClaims(
  userId: unknown,
  now = Math.floor(Date.now() / 1000),
): Record<string, unknown> {
  return {
    token_type: 'access',
    exp: now + 300,
    iat: now,
    jti: '0123456789abcdef0123456789abcdef',
    user_id: userId,
  };
}

/** The header of the server's own tokens. */
export const HEADER = { alg: 'HS256', typ: 'JWT' };
