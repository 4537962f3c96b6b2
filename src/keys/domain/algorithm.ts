import type { KeyObject } from 'node:crypto';

/** All that the package knows about an algorithm. */
interface AlgorithmRow {
  /** Hash of what is signed; null where the algorithm brings its own. */
  readonly hash: 'sha256' | 'sha384' | 'sha512' | null;
  /** Key type of a JWK (RFC 7518 §6.1); null for a shared secret, which is never published. */
  readonly kty: 'RSA' | 'EC' | 'OKP' | null;
  /** Key types of `node:crypto` that are fit. */
  readonly keyTypes: readonly NonNullable<KeyObject['asymmetricKeyType']>[];
  /** Name of the curve in JWA (RFC 7518 §6.2.1.1) and in OpenSSL. */
  readonly curve?: readonly [jwa: string, openssl: string];
  /** What a key of the right kind is called in an error. */
  readonly needs: string;
  /** Arguments of `generateKeyPair`; null for a shared secret. */
  readonly generate: readonly [type: string, options: object] | null;
  /** Command that makes a key. */
  readonly command: string;
  /**
   * What `node:crypto` does without `JwtService`: signs where that is measurably faster (decision 19), and does both where
   * the library behind `JwtService` does not know the algorithm.
   */
  readonly withoutJwtService: readonly ('sign' | 'verify')[];
}

/** Bits of a new RSA key, and the fewest that one may have (RFC 7518 §3.3; NIST SP 800-57 part 1: 112 bits of security). */
const RSA_BITS = 2048;

/** RFC 7518 §3.2. */
const HMAC = {
  kty: null,
  keyTypes: [],
  needs: 'a secret',
  generate: null,
  command: 'openssl rand -base64 48',
  withoutJwtService: ['sign'],
} as const;

/** RFC 7518 §3.3. */
const RSA = {
  kty: 'RSA',
  keyTypes: ['rsa'],
  needs: 'an RSA key',
  generate: ['rsa', { modulusLength: RSA_BITS }],
  command: `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:${RSA_BITS}`,
  withoutJwtService: [],
} as const;

/** RFC 7518 §3.5: RSA with PSS padding, for which there is also a key type. */
const RSA_PSS = { ...RSA, keyTypes: ['rsa', 'rsa-pss'] } as const;

/** RFC 7518 §3.4. */
const ecdsa = (curve: string, openssl: string) =>
  ({
    kty: 'EC',
    keyTypes: ['ec'],
    curve: [curve, openssl],
    needs: `a key on the curve ${curve}`,
    generate: ['ec', { namedCurve: curve }],
    command: `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:${curve}`,
    withoutJwtService: [],
  }) as const;

/** RFC 8037. */
const ED25519 = {
  kty: 'OKP',
  keyTypes: ['ed25519'],
  needs: 'an Ed25519 key',
  generate: ['ed25519', {}],
  command: 'openssl genpkey -algorithm ed25519',
  withoutJwtService: ['sign', 'verify'],
} as const;

/**
 * The algorithms that a token may be signed with (RFC 7518 §3.1, RFC 8037 §3.1). Settings, keys, signatures, JWKs and the
 * documentation are made from this table, so that a further algorithm is one more row.
 */
const TABLE = {
  HS256: { ...HMAC, hash: 'sha256' },
  HS384: { ...HMAC, hash: 'sha384' },
  HS512: { ...HMAC, hash: 'sha512' },
  RS256: { ...RSA, hash: 'sha256' },
  RS384: { ...RSA, hash: 'sha384' },
  RS512: { ...RSA, hash: 'sha512' },
  ES256: { ...ecdsa('P-256', 'prime256v1'), hash: 'sha256' },
  ES384: { ...ecdsa('P-384', 'secp384r1'), hash: 'sha384' },
  ES512: { ...ecdsa('P-521', 'secp521r1'), hash: 'sha512' },
  PS256: { ...RSA_PSS, hash: 'sha256' },
  PS384: { ...RSA_PSS, hash: 'sha384' },
  PS512: { ...RSA_PSS, hash: 'sha512' },
  EdDSA: { ...ED25519, hash: null },
} as const satisfies Readonly<Record<string, AlgorithmRow>>;

/** An algorithm that a token may be signed with. */
export type Algorithm = keyof typeof TABLE;

/** An algorithm with a private and a public key: a key of the ring has one of these, since its public part is published. */
export type RingAlgorithm = {
  [A in Algorithm]: (typeof TABLE)[A]['kty'] extends null ? never : A;
}[Algorithm];

/** The table, by the name that stands in a token's header. */
export const ALGORITHM_TABLE: Readonly<Record<Algorithm, AlgorithmRow>> = TABLE;

export const ALGORITHMS = Object.keys(TABLE) as readonly Algorithm[];

export const RING_ALGORITHMS = ALGORITHMS.filter((algorithm) => isRingAlgorithm(algorithm));

/** Whether a text is the name of an algorithm with a private and a public key. */
export function isRingAlgorithm(algorithm: string): algorithm is RingAlgorithm {
  return Object.hasOwn(TABLE, algorithm) && !isHmac(algorithm as Algorithm);
}

/** Whether an algorithm signs with a shared secret. */
export function isHmac(algorithm: Algorithm): boolean {
  return ALGORITHM_TABLE[algorithm].kty === null;
}

/** The fewest bytes of a secret: those of the hash (RFC 7518 §3.2). */
export function leastSecretBytes(algorithm: Algorithm): number {
  return Number(ALGORITHM_TABLE[algorithm].hash?.slice('sha'.length)) / 8;
}

/**
 * What makes a key unfit for an algorithm, or null (RFC 7518 §3.3–§3.5, RFC 8037 §3.1). Without this check a key of
 * one family could be used in another one, the confusion that RFC 8725 §2.1 describes.
 */
export function keyProblem(algorithm: Algorithm, key: KeyObject): string | null {
  const { keyTypes, curve, needs } = ALGORITHM_TABLE[algorithm];
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  const isOfType = type !== undefined && keyTypes.includes(type);
  if (!isOfType || (curve && details?.namedCurve !== curve[1])) {
    return `is ${describe(key)}, and ${algorithm} needs ${needs}`;
  }
  const isShort = (details?.modulusLength ?? Infinity) < RSA_BITS;
  return isShort ? `is an RSA key shorter than ${RSA_BITS} bits` : null;
}

/** The algorithms that a key is fit for; empty when there is none. */
export function algorithmsFor(key: KeyObject): readonly RingAlgorithm[] {
  return RING_ALGORITHMS.filter((algorithm) => keyProblem(algorithm, key) === null);
}

/** A command that makes a key for the algorithm. */
export function openSslCommand(algorithm: Algorithm): string {
  return ALGORITHM_TABLE[algorithm].command;
}

function describe(key: KeyObject): string {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (key.type === 'secret') return 'a secret';
  if (type === 'rsa-pss') return 'an RSA-PSS key';
  const row = Object.values(ALGORITHM_TABLE).find(
    ({ keyTypes, curve }) =>
      type && keyTypes.includes(type) && (!curve || curve[1] === details?.namedCurve),
  );
  if (type === 'ec') return row?.needs ?? `a key on the curve ${details?.namedCurve}`;
  return row?.needs ?? 'a key of another kind';
}
