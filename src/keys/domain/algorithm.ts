import type { KeyObject } from 'node:crypto';

/** Whether an algorithm signs with a shared secret (RFC 7518 §3.2). */
export function isHmac(algorithm: string): boolean {
  return algorithm.startsWith('HS');
}

const CURVES: Readonly<Record<string, string>> = {
  ES256: 'prime256v1',
  ES384: 'secp384r1',
  ES512: 'secp521r1',
};

/**
 * What makes a key unfit for an algorithm, or null (RFC 7518 §3.3–§3.5, RFC 8037 §3.1). Without this check a key of
 * one family could be used in another one, the confusion that RFC 8725 §2.1 describes.
 */
export function keyProblem(algorithm: string, key: KeyObject): string | null {
  const type = key.asymmetricKeyType;
  if (algorithm === 'EdDSA') {
    return type === 'ed25519' ? null : `is not an Ed25519 key, which ${algorithm} needs`;
  }
  const curve = CURVES[algorithm];
  if (curve) {
    return type === 'ec' && key.asymmetricKeyDetails?.namedCurve === curve
      ? null
      : `is not a key on the curve ${curve}, which ${algorithm} needs`;
  }
  const isRsa = type === 'rsa' || (type === 'rsa-pss' && algorithm.startsWith('PS'));
  if (!isRsa) return `is not an RSA key, which ${algorithm} needs`;
  return (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048
    ? null
    : 'is an RSA key shorter than 2048 bits';
}
