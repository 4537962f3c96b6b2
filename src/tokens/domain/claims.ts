import type { Claims } from './compact.js';

/** The settings that claims are checked against. */
export interface ClaimRules {
  /** Seconds of tolerance for `exp`, `nbf` and `iat`. */
  readonly leeway: number;
  /** Further seconds that `iat` may lie ahead, where the clock of another machine sets it. */
  readonly issuedAhead: number;
  readonly audience: string | readonly string[] | null;
  readonly issuer: string | null;
  readonly jtiClaim: string | null;
}

/** Last second of the year 9999: what a date can express (contract §6). */
const LAST_SECOND = 253_402_300_799;
/** Characters that a token id may have: the width of Django's column (contract §14). */
const MAX_ID_LENGTH = 255;

/**
 * Judges the registered claims in SimpleJWT's order (contract §6, steps 2–6).
 *
 * @param now - seconds since the epoch, with fraction
 * @returns `valid`, `expired`, or `invalid`
 */
export function checkClaims(
  claims: Claims,
  rules: ClaimRules,
  now: number,
): 'valid' | 'expired' | 'invalid' {
  const { iat, nbf, exp } = claims;
  if (iat !== undefined && !(isInstant(iat) && iat <= now + rules.leeway + rules.issuedAhead)) {
    return 'invalid';
  }
  if (nbf !== undefined && !(isInstant(nbf) && nbf <= now + rules.leeway)) return 'invalid';
  if (exp !== undefined && !isInstant(exp)) return 'invalid';
  if (exp !== undefined && hasPassed(exp, now, rules.leeway)) return 'expired';
  if (!audienceFits(claims['aud'], rules.audience)) return 'invalid';
  if (rules.issuer !== null && claims['iss'] !== rules.issuer) return 'invalid';
  return idIsReadable(claims, rules.jtiClaim) ? 'valid' : 'invalid';
}

/** Whether an instant is over: one that is equal to now has passed (contract §6, step 5). */
export function hasPassed(instant: number, now: number, leeway: number): boolean {
  return Math.floor(instant) <= now - leeway;
}

/** A NumericDate within the range of dates (RFC 7519 §2). */
export function isInstant(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= LAST_SECOND;
}

function audienceFits(aud: unknown, wanted: ClaimRules['audience']): boolean {
  if (wanted === null) return true;
  const given = typeof aud === 'string' ? [aud] : aud;
  if (!Array.isArray(given) || !given.every((item) => typeof item === 'string')) return false;
  const accepted = typeof wanted === 'string' ? [wanted] : wanted;
  return given.some((item) => accepted.includes(item));
}

/** An id that is not a short text could never be blacklisted reliably (contract §6). */
function idIsReadable(claims: Claims, jtiClaim: string | null): boolean {
  const id = jtiClaim === null ? undefined : claims[jtiClaim];
  if (id === undefined) return true;
  return typeof id === 'string' && id.length <= MAX_ID_LENGTH && !id.includes('\0');
}
