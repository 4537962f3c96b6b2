import { RecentMap } from '../common/recent-map.js';
import type { VerifyingKey } from '../keys/verifying-key.js';
import type { Claims } from './domain/compact.js';

/** Claims whose signature was good, and the key that verified it. */
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
 * Only the signature is remembered: times, session, user and the state of the key are checked on every request. The oldest
 * entries leave first: access tokens are short-lived, so that the oldest are nearest to their end.
 */
export class VerifiedTokens {
  private readonly tokens = new RecentMap<string, VerifiedToken>(CAPACITY);

  find(token: string): VerifiedToken | undefined {
    return this.tokens.get(token);
  }

  remember(token: string, { claims, key }: VerifiedToken): void {
    if (token.length > MAX_LENGTH) return;
    this.tokens.set(token, { claims: deepFreeze({ ...claims }), key });
  }
}

/** A remembered object is given to many requests: no request may change it for the next one, nor may the code that made it. */
function deepFreeze<T extends object>(value: T): T {
  for (const member of Object.values(value) as unknown[]) {
    if (member !== null && typeof member === 'object' && !Object.isFrozen(member)) {
      deepFreeze(member);
    }
  }
  return Object.freeze(value);
}
