import type { RingAlgorithm } from './domain/algorithm.js';
import type { KeyState } from './domain/key-state.js';
import type { StoredKey } from './key-rows.js';

/**
 * What of a key of the ring may be shown. Times are ms since the epoch, null for not yet.
 *
 * @publicApi
 */
export interface KeyDescription {
  /** RFC 7638 thumbprint. */
  readonly kid: string;
  readonly algorithm: RingAlgorithm;
  readonly state: KeyState;
  readonly createdAt: number;
  readonly activatedAt: number | null;
  readonly retiredAt: number | null;
  readonly verifiesUntil: number | null;
}

/**
 * What a rotation or a retirement has done.
 *
 * @publicApi
 */
export interface KeyChange {
  /** The key that signs now; null when the configured `SIGNING_KEY` does. */
  readonly signing: KeyDescription | null;
  readonly retired: KeyDescription | null;
  /** Whether the key that signs was published less than ten minutes before, so that caches of the JWK Set may not know it. */
  readonly isUnannounced: boolean;
}

/** What a change of the ring has come to. */
export function changeOf(
  keys: readonly StoredKey[],
  retired: string | undefined,
  isUnannounced: boolean,
): KeyChange {
  const signing = keys.find(({ state }) => state === 'signing');
  const old = keys.find(({ kid }) => kid === retired);
  return {
    signing: signing ? describe(signing) : null,
    retired: old ? describe(old) : null,
    isUnannounced,
  };
}

/** Names what is shown, so that no other column ever is. */
export function describe(key: StoredKey): KeyDescription {
  const { kid, algorithm, state, createdAt, activatedAt, retiredAt, verifiesUntil } = key;
  return { kid, algorithm, state, createdAt, activatedAt, retiredAt, verifiesUntil };
}
