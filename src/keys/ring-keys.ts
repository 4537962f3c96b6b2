import type { KeyObject } from 'node:crypto';
import { ConfigError } from '../config/config-error.js';
import { isRingAlgorithm } from './domain/algorithm.js';
import { keyOfJwk, publicJwk, type PublicJwk } from './domain/jwk.js';
import type { StoredKey } from './key-repository.js';
import { mustDecrypt, type KeyEncryption } from './key-encryption.js';
import type { SigningKey, VerifyingKey } from './verifying-key.js';

/** A key of the ring that verifies, or will. */
export interface RingKey extends VerifyingKey {
  readonly source: 'ring';
  readonly kid: string;
  readonly jwk: PublicJwk;
  /** ms since the epoch; infinite as long as the key has not been retired. */
  readonly verifiesUntil: number;
}

/** The ring as one read of the database found it, its keys parsed and decrypted. */
export interface RingKeys {
  readonly verifying: ReadonlyMap<string, RingKey>;
  readonly signing: SigningKey | null;
  /** Private keys by id: the one that signs, and the next ones, which must be ready to sign at once. */
  readonly decrypted: ReadonlyMap<string, KeyObject>;
  /** Why a private key could not be decrypted, for the operator. */
  readonly problem: ConfigError | null;
  /** Ids of keys whose public part is not what the row says; they are not used. */
  readonly damaged: readonly string[];
}

/** The ring before it was read. */
export const NO_KEYS: RingKeys = {
  verifying: new Map(),
  signing: null,
  decrypted: new Map(),
  problem: null,
  damaged: [],
};

/**
 * Makes keys of the stored rows. A key that has not changed stays the same object: tokens that were verified with it remain
 * known, and nothing is parsed twice.
 */
export function readRing(
  stored: readonly StoredKey[],
  encryption: KeyEncryption,
  before: RingKeys,
): RingKeys {
  const verifying = new Map<string, RingKey>();
  const damaged: string[] = [];
  for (const row of stored) {
    const key = verifyingKey(row, before.verifying.get(row.kid));
    if (key) verifying.set(row.kid, key);
    else damaged.push(row.kid);
  }
  const { decrypted, problem } = decryptKeys(stored, encryption, before.decrypted);
  const row = stored.find(({ state }) => state === 'signing');
  return { verifying, decrypted, problem, damaged, signing: signingKey(row, verifying, decrypted) };
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

function decryptKeys(
  stored: readonly StoredKey[],
  encryption: KeyEncryption,
  known: RingKeys['decrypted'],
): Pick<RingKeys, 'decrypted' | 'problem'> {
  const decrypted = new Map<string, KeyObject>();
  let problem: ConfigError | null = null;
  for (const row of stored) {
    if (!mustDecrypt(row)) continue;
    try {
      decrypted.set(row.kid, known.get(row.kid) ?? encryption.decrypt(row));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problem ??= error;
    }
  }
  return { decrypted, problem };
}

function signingKey(
  row: StoredKey | undefined,
  verifying: RingKeys['verifying'],
  decrypted: RingKeys['decrypted'],
): SigningKey | null {
  const key = row && decrypted.get(row.kid);
  const other = row && verifying.get(row.kid);
  return key && other ? { kid: row.kid, algorithm: row.algorithm, key, verifying: other } : null;
}
