import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { ConfigError } from '../config/resolve-settings.js';
import type { Algorithm, Settings } from '../config/settings.js';
import { isHmac, keyProblem } from './domain/algorithm.js';

/** A signing key and its verifying counterpart, parsed once. */
export interface KeyPair {
  readonly signing: KeyObject;
  readonly verifying: KeyObject;
}

/** Bytes that an HMAC secret must have at least (design §8; RFC 7518 §3.2 asks for the hash's size). */
const LEAST_SECRET_BYTES = 32;

/**
 * Turns the configured texts into keys that fit the algorithm, so that no request parses a key and no key is ever
 * used with another family (RFC 8725 §3.1).
 *
 * @throws ConfigError naming the setting, never showing the key
 */
export function loadKeyPair(
  settings: Pick<Settings, 'algorithm' | 'signingKey' | 'verifyingKey'>,
): KeyPair {
  const { algorithm, signingKey, verifyingKey } = settings;
  if (isHmac(algorithm)) return loadSecret(algorithm, signingKey);
  const signing = parse('SIGNING_KEY', 'a private key', signingKey, createPrivateKey);
  const verifying =
    verifyingKey === ''
      ? createPublicKey(signing)
      : parse('VERIFYING_KEY', 'a public key', verifyingKey, createPublicKey);
  for (const [name, key] of [
    ['SIGNING_KEY', signing],
    ['VERIFYING_KEY', verifying],
  ] as const) {
    const problem = keyProblem(algorithm, key);
    if (problem) throw new ConfigError([`SIMPLE_JWT_${name} ${problem}.`]);
  }
  if (!createPublicKey(signing).equals(verifying)) {
    throw new ConfigError([
      'SIMPLE_JWT_VERIFYING_KEY does not belong to SIMPLE_JWT_SIGNING_KEY: the server could not verify its own tokens.',
    ]);
  }
  return { signing, verifying };
}

function loadSecret(algorithm: Algorithm, text: string): KeyPair {
  // A public key is known to everybody: taken for a secret it would let anybody sign (CVE-2026-34950).
  if (text.includes('-----BEGIN')) {
    throw new ConfigError([
      `SIMPLE_JWT_SIGNING_KEY is a PEM key, and ${algorithm} wants a secret. Set SIMPLE_JWT_ALGORITHM to RS256, ES256, PS256 or EdDSA, or give a secret.`,
    ]);
  }
  if (Buffer.byteLength(text) < LEAST_SECRET_BYTES) {
    throw new ConfigError([
      `SIMPLE_JWT_SIGNING_KEY is weak: ${algorithm} needs a secret of at least ${LEAST_SECRET_BYTES} bytes. Example: the output of openssl rand -base64 48`,
    ]);
  }
  const secret = createSecretKey(Buffer.from(text));
  return { signing: secret, verifying: secret };
}

function parse(
  name: string,
  what: string,
  pem: string,
  create: (pem: string) => KeyObject,
): KeyObject {
  try {
    return create(pem);
  } catch {
    // The parser's own message can quote the key.
    throw new ConfigError([
      `SIMPLE_JWT_${name} is not ${what} in PEM. Example: the output of openssl genpkey -algorithm ed25519`,
    ]);
  }
}
