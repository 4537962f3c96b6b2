import { createHmac } from 'node:crypto';
import type { RateLimit } from '../config/setting-type.js';

/** Characters of the digest that are kept: 192 bits. */
const DIGEST_LENGTH = 32;

/** What is counted, and how far. */
export interface RateLimitKey {
  /** Names the counter. */
  readonly key: string;
  readonly limit: RateLimit;
}

/**
 * A digest that shows what it was made of only to those who have the secret: people type passwords into the field for the
 * name, and a dump must hold neither these nor addresses (security.md, promise 10).
 *
 * @param parts - the first one says what the digest is for; no two lists of parts share a digest
 */
export function keyedDigest(secret: string, ...parts: readonly string[]): string {
  const digest = createHmac('sha256', secret).update(JSON.stringify(parts)).digest('base64url');
  return digest.slice(0, DIGEST_LENGTH);
}

/**
 * Names a counter.
 *
 * @param scope - what is limited: `account`, `address` …
 * @param parts - whose attempts are counted together
 */
export function rateLimitKey(
  secret: string,
  limit: RateLimit,
  scope: string,
  ...parts: readonly string[]
): RateLimitKey {
  return { key: `${scope}:${keyedDigest(secret, scope, ...parts)}`, limit };
}
