import { createHash, createHmac } from 'node:crypto';

const ID_BYTES = 16;
const SESSION_ID = /^[0-9a-f]{32}$/i;

/**
 * The `jti` of the refresh token of one generation of a session (design §3). It is computed, never
 * stored, so that every node gives a repeated answer the same name.
 *
 * The exact bytes: the key is the 16 raw bytes of `sid`, the message is the generation in decimal ASCII
 * (no sign, no leading zeros), the result is the first 16 bytes of HMAC-SHA-256 in lower-case hex.
 *
 * `sid` is in the token, so the name is no secret and proves nothing; the signature does.
 *
 * @param sid 32 hex digits; the dashes that a `uuid` column shows are allowed
 * @param generation 0 for the token of the login
 */
export function refreshTokenId(sid: string, generation: number): string {
  const hex = sid.length === 32 ? sid : sid.replaceAll('-', '');
  if (!SESSION_ID.test(hex)) throw new TypeError('a session id has 32 hex digits');
  if (!Number.isSafeInteger(generation) || generation < 0) {
    throw new TypeError('a generation is a whole number from 0');
  }
  const mac = createHmac('sha256', Buffer.from(hex, 'hex')).update(String(generation));
  return mac.digest('hex').slice(0, 2 * ID_BYTES);
}

/**
 * The `sid` of the session that adopts a refresh token of another issuer, e.g. a Django server (design
 * §3): the first 128 bits of SHA-256 over the UTF-8 text of its `jti`, 32 hex digits. Every node finds
 * the same session for the same token, so adopting it twice at once makes one session.
 */
export function adoptedSessionId(jti: string): string {
  return createHash('sha256').update(jti, 'utf8').digest().subarray(0, ID_BYTES).toString('hex');
}
