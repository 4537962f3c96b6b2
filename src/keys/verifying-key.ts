import type { KeyObject } from 'node:crypto';
import type { Algorithm } from './domain/algorithm.js';

/**
 * A key that verifies tokens, bound to its one algorithm (RFC 8725 §3.1).
 *
 * @publicApi
 */
export interface VerifyingKey {
  /** Who vouches for it: the configuration, the key ring, or another issuer's JWK Set. */
  readonly source: 'settings' | 'ring' | 'remote';
  /** RFC 7638 thumbprint, or the id that another issuer gave; null for a secret, which has no public name. */
  readonly kid: string | null;
  readonly algorithm: Algorithm;
  readonly key: KeyObject;
}

/**
 * A key that signs tokens.
 *
 * @publicApi
 */
export interface SigningKey {
  /** Goes into the header; null where tokens name no key: a secret, and the configured key in the profile `parity`. */
  readonly kid: string | null;
  readonly algorithm: Algorithm;
  readonly key: KeyObject;
  /** The other half, which verifies what this one signs. */
  readonly verifying: VerifyingKey;
}
