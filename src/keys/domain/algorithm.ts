import type { KeyObject } from 'node:crypto';

type Hash = 'sha256' | 'sha384' | 'sha512';

/** All that the package knows about an algorithm. */
interface AlgorithmRow {
  /** Hash of what is signed; null where the algorithm brings its own. */
  readonly hash: Hash | null;
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
function hmac(hash: Hash) {
  return {
    hash,
    kty: null,
    keyTypes: [],
    needs: 'a secret',
    generate: null,
    command: 'openssl rand -base64 48',
    withoutJwtService: ['sign'],
  } as const satisfies AlgorithmRow;
}

/** RFC 7518 §3.3. */
function rsa(hash: Hash) {
  return {
    hash,
    kty: 'RSA',
    keyTypes: ['rsa'],
    needs: 'an RSA key',
    generate: ['rsa', { modulusLength: RSA_BITS }],
    command: `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:${RSA_BITS}`,
    withoutJwtService: [],
  } as const satisfies AlgorithmRow;
}

/** RFC 7518 §3.5: RSA with PSS padding, for which there are also keys of their own. */
function rsaPss(hash: Hash) {
  return { ...rsa(hash), keyTypes: ['rsa', 'rsa-pss'] } as const satisfies AlgorithmRow;
}

/** RFC 7518 §3.4. */
function ecdsa(hash: Hash, curve: string, openssl: string) {
  return {
    hash,
    kty: 'EC',
    keyTypes: ['ec'],
    curve: [curve, openssl],
    needs: `a key on the curve ${curve}`,
    generate: ['ec', { namedCurve: curve }],
    command: `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:${curve}`,
    withoutJwtService: [],
  } as const satisfies AlgorithmRow;
}

/**
 * The algorithms that a token may be signed with (RFC 7518 §3.1, RFC 8037 §3.1). Settings, keys, signatures, JWKs and the
 * documentation are made from this table, so that a further algorithm is one more row.
 */
const TABLE = {
  HS256: hmac('sha256'),
  HS384: hmac('sha384'),
  HS512: hmac('sha512'),
  RS256: rsa('sha256'),
  RS384: rsa('sha384'),
  RS512: rsa('sha512'),
  ES256: ecdsa('sha256', 'P-256', 'prime256v1'),
  ES384: ecdsa('sha384', 'P-384', 'secp384r1'),
  ES512: ecdsa('sha512', 'P-521', 'secp521r1'),
  PS256: rsaPss('sha256'),
  PS384: rsaPss('sha384'),
  PS512: rsaPss('sha512'),
  EdDSA: {
    hash: null,
    kty: 'OKP',
    keyTypes: ['ed25519'],
    needs: 'an Ed25519 key',
    generate: ['ed25519', {}],
    command: 'openssl genpkey -algorithm ed25519',
    withoutJwtService: ['sign', 'verify'],
  },
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
  if (type === 'ec') {
    const named = Object.values(ALGORITHM_TABLE).find(
      ({ curve }) => curve?.[1] === details?.namedCurve,
    );
    return named?.needs ?? `a key on the curve ${details?.namedCurve}`;
  }
  const row = Object.values(ALGORITHM_TABLE).find(
    ({ keyTypes }) => type && keyTypes.includes(type),
  );
  return row?.needs ?? 'a key of another kind';
}
