import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { ConfigError } from '../config/resolve-settings.js';
import type { Algorithm, Settings } from '../config/settings.js';
import { algorithmsFor, isHmac, keyProblem, openSslCommand } from './domain/algorithm.js';
import type { SigningKey, VerifyingKey } from './verifying-key.js';

/** The configured keys, parsed once. */
export interface ConfiguredKeys {
  readonly signing: SigningKey;
  /** What verifies tokens that name no key: the signing key's other half, then the previous ones. */
  readonly verifying: readonly [VerifyingKey, ...VerifyingKey[]];
}

type KeySettings = Pick<
  Settings,
  'algorithm' | 'signingKey' | 'verifyingKey' | 'previousSigningKeys'
>;

/** Bytes that an HMAC secret must have at least (design §8; RFC 7518 §3.2 asks for the hash's size). */
const LEAST_SECRET_BYTES = 32;
const SECRET_EXAMPLE = 'Example: the output of openssl rand -base64 48';

/**
 * Turns the configured texts into keys that fit the algorithm, so that no request parses a key and no key is ever
 * used with another family (RFC 8725 §3.1).
 *
 * @throws ConfigError naming the setting and the remedy, never showing the key
 */
export function loadConfiguredKeys(settings: KeySettings): ConfiguredKeys {
  const { algorithm, previousSigningKeys } = settings;
  const { signing, verifying } = isHmac(algorithm)
    ? loadSecret(algorithm, 'SIGNING_KEY', settings.signingKey)
    : loadPair(settings);
  const own = configured(algorithm, verifying);
  const previous = previousSigningKeys.map((text) =>
    configured(algorithm, loadPrevious(algorithm, text)),
  );
  return {
    signing: { kid: null, algorithm, key: signing, verifying: own },
    verifying: [own, ...previous],
  };
}

interface KeyPair {
  readonly signing: KeyObject;
  readonly verifying: KeyObject;
}

function configured(algorithm: Algorithm, key: KeyObject): VerifyingKey {
  return { source: 'settings', kid: null, algorithm, key };
}

function loadPair({ algorithm, signingKey, verifyingKey }: KeySettings): KeyPair {
  const signing = parse(algorithm, 'SIGNING_KEY', signingKey, createPrivateKey);
  const verifying =
    verifyingKey === ''
      ? createPublicKey(signing)
      : parse(algorithm, 'VERIFYING_KEY', verifyingKey, createPublicKey);
  checkFit(algorithm, 'SIGNING_KEY', signing);
  checkFit(algorithm, 'VERIFYING_KEY', verifying);
  if (!createPublicKey(signing).equals(verifying)) {
    throw new ConfigError([
      'SIMPLE_JWT_VERIFYING_KEY does not belong to SIMPLE_JWT_SIGNING_KEY: the server could not verify its own tokens. Leave it unset: it is derived from the signing key.',
    ]);
  }
  return { signing, verifying };
}

/** Also of a private key only the public part is kept: it signs no more. */
function loadPrevious(algorithm: Algorithm, text: string): KeyObject {
  const name = 'PREVIOUS_SIGNING_KEYS';
  if (isHmac(algorithm)) return loadSecret(algorithm, name, text).verifying;
  const key = parse(algorithm, name, text, createPublicKey);
  checkFit(algorithm, name, key);
  return key;
}

function loadSecret(algorithm: Algorithm, name: string, text: string): KeyPair {
  // A public key is known to everybody: taken for a secret it would let anybody sign (CVE-2026-34950).
  if (text.includes('-----BEGIN')) {
    const fit = fitting(text);
    throw new ConfigError([
      `SIMPLE_JWT_${name} is a PEM key, and ${algorithm} wants a secret. Set SIMPLE_JWT_ALGORITHM to ${fit}, or give a secret. ${SECRET_EXAMPLE}`,
    ]);
  }
  if (Buffer.byteLength(text) < LEAST_SECRET_BYTES) {
    const hint =
      name === 'SIGNING_KEY' ? '' : ' Secrets that hold a comma are given as a JSON list.';
    throw new ConfigError([
      `SIMPLE_JWT_${name} is weak: ${algorithm} needs a secret of at least ${LEAST_SECRET_BYTES} bytes.${hint} ${SECRET_EXAMPLE}`,
    ]);
  }
  const secret = createSecretKey(Buffer.from(text));
  return { signing: secret, verifying: secret };
}

/** The algorithms that a PEM key would be fit for, in words. */
function fitting(pem: string): string {
  try {
    return orList(algorithmsFor(createPublicKey(pem.trim()))) || 'another algorithm';
  } catch {
    return 'RS256, ES256, PS256 or EdDSA';
  }
}

function parse(
  algorithm: Algorithm,
  name: string,
  pem: string,
  create: (pem: string) => KeyObject,
): KeyObject {
  try {
    return create(pem);
  } catch {
    // The parser's own message can quote the key.
    throw new ConfigError([
      `SIMPLE_JWT_${name} ${parseProblem(algorithm, name, pem)}. Example: the output of ${openSslCommand(algorithm)}`,
    ]);
  }
}

function parseProblem(algorithm: Algorithm, name: string, pem: string): string {
  const what = name === 'SIGNING_KEY' ? 'a private key' : 'a public key';
  if (!pem.includes('-----BEGIN')) {
    return `is not ${what} in PEM, which ${algorithm} needs. To sign with a secret, set SIMPLE_JWT_ALGORITHM to HS256, HS384 or HS512`;
  }
  if (pem.includes('ENCRYPTED')) {
    return 'is a private key behind a passphrase. Give it without: openssl pkey -in key.pem';
  }
  if (name === 'SIGNING_KEY' && pem.includes('PUBLIC KEY-----')) {
    return `is a public key, and ${algorithm} signs with a private one. The public key is derived from it`;
  }
  return `is not ${what} in PEM, which ${algorithm} needs`;
}

function checkFit(algorithm: Algorithm, name: string, key: KeyObject): void {
  const problem = keyProblem(algorithm, key);
  if (problem === null) return;
  const fit = algorithmsFor(key);
  const change = fit.length > 0 ? `Set SIMPLE_JWT_ALGORITHM to ${orList(fit)}, or give` : 'Give';
  throw new ConfigError([
    `SIMPLE_JWT_${name} ${problem}. ${change} another key. Example: the output of ${openSslCommand(algorithm)}`,
  ]);
}

function orList(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
