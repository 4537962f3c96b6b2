import { createHash, createHmac } from 'node:crypto';
import type { Claims } from '../../tokens/domain/compact.js';

/** Claim that names the session: 32 hex digits (design §3). */
export const SESSION_CLAIM = 'sid';
/** Claim of a refresh token that counts the rotations of its session. */
export const GENERATION_CLAIM = 'gen';

/** Highest generation that the column holds with room for one more. */
const LARGEST_GENERATION = 2_147_483_000;
const SESSION_ID = /^[0-9a-f]{32}$/;
/** Bytes of a session's id, and of the names that are made here. */
const ID_BYTES = 16;

/** Which session a token belongs to, and which of its refresh tokens it is. */
export interface SessionReference {
  readonly sid: string;
  readonly generation: number;
  /** Issued by another issuer: the token names no session, and counts as the first one of its own (design §3, adoption). */
  readonly isForeign: boolean;
}

/** The session of any of our tokens, or null when the claim is absent or malformed. */
export function sessionIdOf(claims: Claims): string | null {
  const sid = claims[SESSION_CLAIM];
  return typeof sid === 'string' && SESSION_ID.test(sid) ? sid : null;
}

/**
 * What a refresh token refers to, or null when its claims are malformed. A token without `sid` comes from another
 * issuer and is recognised by its id.
 */
export function sessionReference(claims: Claims, tokenId: string | null): SessionReference | null {
  if (!(SESSION_CLAIM in claims) && !(GENERATION_CLAIM in claims)) {
    return tokenId === null
      ? null
      : { sid: adoptedSessionId(tokenId), generation: 0, isForeign: true };
  }
  const sid = sessionIdOf(claims);
  const generation = claims[GENERATION_CLAIM];
  const isCounted =
    typeof generation === 'number' &&
    Number.isSafeInteger(generation) &&
    generation >= 0 &&
    generation <= LARGEST_GENERATION;
  return sid !== null && isCounted ? { sid, generation, isForeign: false } : null;
}

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
  const hex = (sid.length === 32 ? sid : sid.replaceAll('-', '')).toLowerCase();
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
