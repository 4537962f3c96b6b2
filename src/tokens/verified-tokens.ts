import type { Claims } from './domain/compact.js';

/** Tokens remembered at most. */
const CAPACITY = 4096;
/** Longer tokens are not remembered: with the capacity this bounds the memory (characters). */
const MAX_LENGTH = 2048;

/**
 * Remembers tokens whose signature was good, keyed by their whole text, so that the guard verifies each one once.
 * Only the signature is remembered: times, session and user are looked at on every request. The oldest leave
 * first: access tokens are short-lived, so that the oldest are the nearest to their end.
 */
export class VerifiedTokens {
  private readonly claims = new Map<string, Claims>();

  find(token: string): Claims | null {
    return this.claims.get(token) ?? null;
  }

  remember(token: string, claims: Claims): void {
    if (token.length > MAX_LENGTH) return;
    if (this.claims.size >= CAPACITY) {
      const oldest = this.claims.keys().next().value;
      if (oldest !== undefined) this.claims.delete(oldest);
    }
    this.claims.set(token, deepFreeze(claims));
  }
}

/** A remembered object is handed to many requests: none may change it for the next one. */
function deepFreeze<T>(value: T): T {
  if (value !== null && typeof value === 'object' && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
}
