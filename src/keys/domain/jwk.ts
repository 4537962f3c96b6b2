import { createHash, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { ALGORITHM_TABLE, keyProblem, type Algorithm } from './algorithm.js';

/** The public part of a key as a JWK Set lists it (RFC 7517 §4). */
export interface PublicJwk {
  readonly kty: string;
  /** RFC 7638 thumbprint. */
  readonly kid: string;
  readonly alg: string;
  readonly use: 'sig';
  /** Of an elliptic curve. */
  readonly crv?: string;
  readonly x?: string;
  readonly y?: string;
  /** Of RSA. */
  readonly n?: string;
  readonly e?: string;
}

/**
 * The required public members of each key type, in the order of RFC 7638 §3.2 (RFC 8037 §2 for OKP). Members are taken by
 * name, so that nothing private can come along.
 */
const MEMBERS = {
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
} as const;

/** The key types that a published JWK can have. */
export const JWK_TYPES = Object.keys(MEMBERS);

/**
 * The public part of a key, private or public; null for a secret, and for an RSA key that is bound to PSS, which has no
 * form as a JWK.
 */
export function publicJwk(key: KeyObject, algorithm: Algorithm): PublicJwk | null {
  const { kty } = ALGORITHM_TABLE[algorithm];
  if (kty === null || key.type === 'secret' || key.asymmetricKeyType === 'rsa-pss') return null;
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  const jwk = publicKey.export({ format: 'jwk' });
  const members = Object.fromEntries(MEMBERS[kty].map((name) => [name, String(jwk[name])]));
  return { ...members, kty, kid: digest(members), alg: algorithm, use: 'sig' };
}

/** The public key that a JWK describes; null where it describes none that is fit for the algorithm. */
export function keyOfJwk(jwk: object, algorithm: Algorithm): KeyObject | null {
  try {
    const key = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
    return keyProblem(algorithm, key) === null ? key : null;
  } catch {
    return null;
  }
}

/** Whether a text can be the id of one of our keys at all. */
export function isThumbprint(kid: string): boolean {
  return /^[A-Za-z0-9_-]{43}$/.test(kid);
}

/** RFC 7638 §3. */
function digest(members: Record<string, string>): string {
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url');
}
