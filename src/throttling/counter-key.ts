import { createHmac } from 'node:crypto';

/** Characters of the digest that a key keeps: 192 bits. */
const DIGEST_LENGTH = 32;

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
 * Names the counter of one account, client, address or session.
 *
 * @param parts - what is counted
 */
export function counterKey(
  secret: string,
  kind: 'account' | 'client' | 'network' | 'address' | 'session' | 'change',
  ...parts: readonly string[]
): string {
  return `${kind}:${keyedDigest(secret, kind, ...parts)}`;
}
