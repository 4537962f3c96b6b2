import type { KeyObject } from 'node:crypto';
import { ConfigError } from '../config/config-error.js';
import { isRingAlgorithm } from './domain/algorithm.js';
import { keyOfJwk, publicJwk, type PublicJwk } from './domain/jwk.js';
import type { StoredKey } from './key-rows.js';
import { mustOpen, type KeySealer } from './key-sealer.js';
import type { SigningKey, VerifyingKey } from './verifying-key.js';

/** A key of the ring that verifies, or will. */
export interface RingKey extends VerifyingKey {
  readonly source: 'ring';
  readonly kid: string;
  readonly jwk: PublicJwk;
  /** ms since the epoch; infinite as long as the key has not been retired. */
  readonly verifiesUntil: number;
}

/** The ring as one read of the database found it, its keys parsed and opened. */
export interface RingKeys {
  readonly verifying: ReadonlyMap<string, RingKey>;
  readonly signing: SigningKey | null;
  /** Private keys by id: of the one that signs and of the next ones, which must be able to at once. */
  readonly opened: ReadonlyMap<string, KeyObject>;
  /** Why a private key could not be opened: the operator has to mend it. */
  readonly problem: ConfigError | null;
  /** Ids of keys whose public part is not what the row says; they are not used. */
  readonly damaged: readonly string[];
}

/** The ring before it was read. */
export const NO_KEYS: RingKeys = {
  verifying: new Map(),
  signing: null,
  opened: new Map(),
  problem: null,
  damaged: [],
};

/**
 * Makes keys of the stored rows. A key that has not changed stays the object that it was: tokens that were verified with
 * it remain known, and nothing is parsed twice.
 */
export function readRing(
  stored: readonly StoredKey[],
  sealer: KeySealer,
  before: RingKeys,
): RingKeys {
  const verifying = new Map<string, RingKey>();
  const damaged: string[] = [];
  for (const row of stored) {
    const key = verifyingKey(row, before.verifying.get(row.kid));
    if (key) verifying.set(row.kid, key);
    else damaged.push(row.kid);
  }
  const { opened, problem } = openKeys(stored, sealer, before.opened);
  const row = stored.find(({ state }) => state === 'signing');
  return { verifying, opened, problem, damaged, signing: signingKey(row, verifying, opened) };
}

function verifyingKey(row: StoredKey, known: RingKey | undefined): RingKey | null {
  const { kid, algorithm } = row;
  const verifiesUntil = row.verifiesUntil ?? Infinity;
  if (known?.algorithm === algorithm && known.verifiesUntil === verifiesUntil) return known;
  // Read from a column of text: a newer version may know more algorithms.
  const key = isRingAlgorithm(algorithm) ? keyOfJwk({ ...row.publicJwk }, algorithm) : null;
  // Made anew from the key itself, so that nothing else that the column may hold is ever published.
  const jwk = key && publicJwk(key, algorithm);
  return key && jwk?.kid === kid
    ? { source: 'ring', kid, algorithm, key, jwk, verifiesUntil }
    : null;
}

function openKeys(
  stored: readonly StoredKey[],
  sealer: KeySealer,
  known: RingKeys['opened'],
): Pick<RingKeys, 'opened' | 'problem'> {
  const opened = new Map<string, KeyObject>();
  let problem: ConfigError | null = null;
  for (const row of stored) {
    if (!mustOpen(row)) continue;
    try {
      opened.set(row.kid, known.get(row.kid) ?? sealer.open(row));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problem ??= error;
    }
  }
  return { opened, problem };
}

function signingKey(
  row: StoredKey | undefined,
  verifying: RingKeys['verifying'],
  opened: RingKeys['opened'],
): SigningKey | null {
  const key = row && opened.get(row.kid);
  const other = row && verifying.get(row.kid);
  return key && other ? { kid: row.kid, algorithm: row.algorithm, key, verifying: other } : null;
}
