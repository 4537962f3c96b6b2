import { createHash, createPublicKey, type KeyObject } from 'node:crypto';

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

/**
 * The public part of a key, private or public; null for a secret, and for an RSA key that is bound to PSS, which has no
 * form as a JWK.
 */
export function publicJwk(key: KeyObject, algorithm: string): PublicJwk | null {
  if (key.type === 'secret' || key.asymmetricKeyType === 'rsa-pss') return null;
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  const members = requiredMembers(publicKey.export({ format: 'jwk' }));
  if (members === null) return null;
  const kid = digest(members);
  return { ...members, kty: members['kty'] ?? '', kid, alg: algorithm, use: 'sig' };
}

/** Whether a text can be the id of a key of ours at all. */
export function isThumbprint(kid: string): boolean {
  return /^[A-Za-z0-9_-]{43}$/.test(kid);
}

/** RFC 7638 §3. */
function digest(members: Record<string, string>): string {
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url');
}

function requiredMembers(jwk: Readonly<Record<string, unknown>>): Record<string, string> | null {
  const names = new Map<unknown, readonly string[]>(Object.entries(MEMBERS)).get(jwk['kty']);
  return names ? Object.fromEntries(names.map((name) => [name, String(jwk[name])])) : null;
}
