import type { VerifyingKey } from '../keys/verifying-key.js';
import type { Claims } from './domain/compact.js';

/** Claims whose signature was good, and the key that said so. */
export interface VerifiedToken {
  readonly claims: Claims;
  readonly key: VerifyingKey;
}

/** Tokens remembered at least, and at most twice as many. */
const CAPACITY = 2048;
/** Longer tokens are not remembered: with the capacity this bounds the memory (characters). */
const MAX_LENGTH = 2048;

/**
 * Remembers tokens whose signature was good, keyed by their whole text, so that the guard verifies each one once.
 * Only the signature is remembered: times, session and user are looked at on every request, and whether the key still
 * verifies. The oldest leave first: access tokens are short-lived, so that the oldest are the nearest to their end. They
 * leave a whole map at a time: a Map whose first entries were deleted one by one has to step over the holes.
 */
export class VerifiedTokens {
  private newer = new Map<string, VerifiedToken>();
  private older: ReadonlyMap<string, VerifiedToken> = new Map();

  find(token: string): VerifiedToken | undefined {
    return this.newer.get(token) ?? this.older.get(token);
  }

  remember(token: string, { claims, key }: VerifiedToken): void {
    if (token.length > MAX_LENGTH) return;
    if (this.newer.size >= CAPACITY) {
      this.older = this.newer;
      this.newer = new Map();
    }
    this.newer.set(token, { claims: deepFreeze({ ...claims }), key });
  }
}

/** A remembered object is handed to many requests: none may change it for the next one, nor may who gave it. */
function deepFreeze<T extends object>(value: T): T {
  for (const member of Object.values(value) as unknown[]) {
    if (member !== null && typeof member === 'object' && !Object.isFrozen(member)) {
      deepFreeze(member);
    }
  }
  return Object.freeze(value);
}
