import type { KeyObject } from 'node:crypto';

/** Algorithms that a key of the ring may have: those whose verifying part may be published (RFC 7518 §3.1, RFC 8037). */
export const RING_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const;

/** An algorithm with a private and a public key. */
export type RingAlgorithm = (typeof RING_ALGORITHMS)[number];

/** Whether an algorithm signs with a private key, compared as text. */
export function isRingAlgorithm(algorithm: string): algorithm is RingAlgorithm {
  return (RING_ALGORITHMS as readonly string[]).includes(algorithm);
}

/** Whether an algorithm signs with a shared secret (RFC 7518 §3.2). */
export function isHmac(algorithm: string): boolean {
  return algorithm.startsWith('HS');
}

/** The curve of each algorithm: as OpenSSL calls it, and as RFC 7518 §6.2.1.1 does. */
const CURVES: Readonly<Record<string, readonly [openssl: string, jwa: string]>> = {
  ES256: ['prime256v1', 'P-256'],
  ES384: ['secp384r1', 'P-384'],
  ES512: ['secp521r1', 'P-521'],
};

/** Bits that an RSA key must have at least (RFC 7518 §3.3). */
const LEAST_MODULUS = 2048;

/**
 * What makes a key unfit for an algorithm, or null (RFC 7518 §3.3–§3.5, RFC 8037 §3.1). Without this check a key of
 * one family could be used in another one, the confusion that RFC 8725 §2.1 describes.
 */
export function keyProblem(algorithm: string, key: KeyObject): string | null {
  const wanted = fitProblem(algorithm, key);
  if (wanted === null) return null;
  if (wanted === 'short') return `is an RSA key shorter than ${LEAST_MODULUS} bits`;
  return `is ${describe(key)}, and ${algorithm} needs ${wanted}`;
}

/** The algorithms that a key is fit for; empty when there is none. */
export function algorithmsFor(key: KeyObject): readonly RingAlgorithm[] {
  return RING_ALGORITHMS.filter((algorithm) => fitProblem(algorithm, key) === null);
}

/** A command that makes a private key for the algorithm. */
export function openSslCommand(algorithm: string): string {
  const curve = CURVES[algorithm];
  if (algorithm === 'EdDSA') return 'openssl genpkey -algorithm ed25519';
  return curve
    ? `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:${curve[1]}`
    : 'openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048';
}

function fitProblem(algorithm: string, key: KeyObject): string | null {
  const type = key.asymmetricKeyType;
  if (algorithm === 'EdDSA') return type === 'ed25519' ? null : 'an Ed25519 key';
  const curve = CURVES[algorithm];
  if (curve) {
    const isOnCurve = type === 'ec' && key.asymmetricKeyDetails?.namedCurve === curve[0];
    return isOnCurve ? null : `a key on the curve ${curve[1]}`;
  }
  const isRsa = type === 'rsa' || (type === 'rsa-pss' && algorithm.startsWith('PS'));
  if (!isRsa) return 'an RSA key';
  return (key.asymmetricKeyDetails?.modulusLength ?? 0) >= LEAST_MODULUS ? null : 'short';
}

function describe(key: KeyObject): string {
  const curve = key.asymmetricKeyDetails?.namedCurve;
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return 'an RSA key';
    case 'rsa-pss':
      return 'an RSA-PSS key';
    case 'ed25519':
      return 'an Ed25519 key';
    case 'ec': {
      const known = Object.values(CURVES).find(([openssl]) => openssl === curve);
      return `a key on the curve ${known?.[1] ?? curve}`;
    }
    default:
      return key.type === 'secret' ? 'a secret' : 'a key of another kind';
  }
}
