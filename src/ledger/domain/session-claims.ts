import type { Claims } from '../../tokens/domain/compact.js';
import { adoptedSessionId } from './successor.js';

/** Claim that names the session: 32 hex digits (design §3). */
export const SESSION_CLAIM = 'sid';
/** Claim of a refresh token that counts the rotations of its session. */
export const GENERATION_CLAIM = 'gen';

/** Highest generation that the column holds with room for one more. */
const LARGEST_GENERATION = 2_147_483_000;
const SESSION_ID = /^[0-9a-f]{32}$/;

/** Which session a token belongs to, and which of its refresh tokens it is. */
export interface SessionReference {
  readonly sid: string;
  readonly generation: number;
  /** Issued by somebody else: it names no session, and counts as the first of its own (design §3, adoption). */
  readonly isForeign: boolean;
}

/** The session of any of our tokens, or null when the claim is absent or malformed. */
export function sessionIdOf(claims: Claims): string | null {
  const sid = claims[SESSION_CLAIM];
  return typeof sid === 'string' && SESSION_ID.test(sid) ? sid : null;
}

/**
 * What a refresh token refers to, or null when its claims are malformed. A token without `sid` comes from another
 * issuer and is told by its id.
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
