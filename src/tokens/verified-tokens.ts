import type { VerifyingKey } from '../keys/verifying-key.js';
import type { Claims } from './domain/compact.js';

/** Claims whose signature was good, and the key that said so. */
export interface VerifiedToken {
  readonly claims: Claims;
  readonly key: VerifyingKey;
}

/** Tokens remembered at most. */
const CAPACITY = 4096;
/** Longer tokens are not remembered: with the capacity this bounds the memory (characters). */
const MAX_LENGTH = 2048;

/**
 * Remembers tokens whose signature was good, keyed by their whole text, so that the guard verifies each one once.
 * Only the signature is remembered: times, session and user are looked at on every request, and whether the key still
 * verifies. The oldest leave first: access tokens are short-lived, so that the oldest are the nearest to their end.
 */
export class VerifiedTokens {
  private readonly tokens = new Map<string, VerifiedToken>();

  find(token: string): VerifiedToken | undefined {
    return this.tokens.get(token);
  }

  remember(token: string, { claims, key }: VerifiedToken): void {
    if (token.length > MAX_LENGTH) return;
    if (this.tokens.size >= CAPACITY) {
      const oldest = this.tokens.keys().next().value;
      if (oldest !== undefined) this.tokens.delete(oldest);
    }
    this.tokens.set(token, { claims: deepFreeze(claims), key });
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
