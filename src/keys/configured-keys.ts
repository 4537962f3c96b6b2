import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { ConfigError } from '../config/config-error.js';
import { environmentName, type SettingName, type Settings } from '../config/settings.js';
import { LEAST_SECRET_BYTES } from '../config/weak-secret.js';
import {
  algorithmsFor,
  isHmac,
  keyProblem,
  openSslCommand,
  type Algorithm,
} from './domain/algorithm.js';
import { keyForm } from './domain/key-form.js';
import { publicJwk, type PublicJwk } from './domain/jwk.js';
import type { SigningKey, VerifyingKey } from './verifying-key.js';

/** The configured keys, parsed once. */
export interface ConfiguredKeys {
  readonly signing: SigningKey;
  /** What verifies tokens that name no key: the signing key's other half, then the previous ones. */
  readonly verifying: readonly [ConfiguredKey, ...ConfiguredKey[]];
}

/** A configured key that verifies. */
export interface ConfiguredKey extends VerifyingKey {
  readonly source: 'settings';
  /** Its public part, null where it has none that could be published. */
  readonly jwk: PublicJwk | null;
}

type KeySettings = Pick<
  Settings,
  'profile' | 'algorithm' | 'signingKey' | 'verifyingKey' | 'previousSigningKeys'
>;
type KeySetting = Exclude<keyof KeySettings, 'profile' | 'algorithm'>;

/** What the settings are called where they are given. */
type NameOf = (name: SettingName) => string;

const SECRET_EXAMPLE = `Example: the output of ${openSslCommand('HS256')}`;

/**
 * Turns the configured texts into keys that fit the algorithm, so that no request parses a key and no key is ever
 * used with another family (RFC 8725 §3.1).
 *
 * @param nameOf - what errors call a setting: its variable, unless it was given as an option
 * @throws ConfigError naming the setting and the remedy, never showing the key
 */
export function loadConfiguredKeys(
  settings: KeySettings,
  nameOf: NameOf = environmentName,
): ConfiguredKeys {
  const { algorithm, previousSigningKeys, signingKey } = settings;
  requireSigningKey(settings);
  const reader = new KeyReader(algorithm, nameOf);
  const { signing, verifying } = isHmac(algorithm)
    ? reader.secret('signingKey', signingKey)
    : reader.pair(settings);
  const own = configured(algorithm, verifying);
  const previous = previousSigningKeys.map((text) => configured(algorithm, reader.previous(text)));
  return {
    signing: { kid: kidOf(own, settings), algorithm, key: signing, verifying: own },
    verifying: [own, ...previous],
  };
}

/** The server has made itself a key by now, or has refused to start: only the options of a host can lack one. */
function requireSigningKey({ algorithm, signingKey }: KeySettings): void {
  if (signingKey !== '') return;
  throw new ConfigError([
    `signingKey is not set: tokens are signed with it. Example: AuthModule.forRoot({ signingKey: process.env.SIGNING_KEY }), where SIGNING_KEY holds the output of ${openSslCommand(algorithm)}`,
  ]);
}

interface KeyPair {
  readonly signing: KeyObject;
  readonly verifying: KeyObject;
}

function configured(algorithm: Algorithm, key: KeyObject): ConfiguredKey {
  const jwk = publicJwk(key, algorithm);
  return { source: 'settings', kid: jwk?.kid ?? null, algorithm, key, jwk };
}

/** What tokens call the key: in a JWK Set of several a library cannot choose without (contract §12); SimpleJWT has none. */
function kidOf({ kid }: ConfiguredKey, { profile }: KeySettings): string | null {
  return profile === 'parity' ? null : kid;
}

/** Reads keys for one algorithm, and says what is wrong with those that do not fit it. */
class KeyReader {
  constructor(
    private readonly algorithm: Algorithm,
    private readonly nameOf: NameOf,
  ) {}

  pair({ signingKey, verifyingKey }: KeySettings): KeyPair {
    const { nameOf } = this;
    const signing = this.parse('signingKey', signingKey, createPrivateKey);
    const verifying =
      verifyingKey === ''
        ? createPublicKey(signing)
        : this.parse('verifyingKey', verifyingKey, createPublicKey);
    this.checkFit('signingKey', signing);
    this.checkFit('verifyingKey', verifying);
    if (!createPublicKey(signing).equals(verifying)) {
      throw new ConfigError([
        `${nameOf('verifyingKey')} does not belong to ${nameOf('signingKey')}: the server could not verify its own tokens. Leave it unset: it is derived from the signing key.`,
      ]);
    }
    return { signing, verifying };
  }

  /** Also of a private key only the public part is kept: it signs no more. */
  previous(text: string): KeyObject {
    const name = 'previousSigningKeys';
    if (isHmac(this.algorithm)) return this.secret(name, text).verifying;
    const key = this.parse(name, text, createPublicKey);
    this.checkFit(name, key);
    return key;
  }

  secret(name: KeySetting, text: string): KeyPair {
    const { algorithm, nameOf } = this;
    // A public key is known to everybody: taken for a secret it would let anybody sign (CVE-2026-34950).
    if (text.includes('-----BEGIN')) {
      throw new ConfigError([
        `${nameOf(name)} is a PEM key, and ${algorithm} wants a secret. Set ${nameOf('algorithm')} to ${fitting(text)}, or give a secret. ${SECRET_EXAMPLE}`,
      ]);
    }
    const form = keyForm(text);
    if (form !== null) {
      throw new ConfigError([
        `${nameOf(name)} is ${form}, and ${algorithm} wants a secret. Give a private key in PEM with the ${nameOf('algorithm')} of its kind, or a secret. ${SECRET_EXAMPLE}`,
      ]);
    }
    // A previous one signs nothing any more, and whoever leaves a short one must not log everybody out.
    if (name === 'signingKey' && Buffer.byteLength(text) < LEAST_SECRET_BYTES) {
      throw new ConfigError([
        `${nameOf(name)} is weak: ${algorithm} needs a secret of at least ${LEAST_SECRET_BYTES} bytes. ${SECRET_EXAMPLE}`,
      ]);
    }
    const secret = createSecretKey(Buffer.from(text));
    return { signing: secret, verifying: secret };
  }

  private parse(name: KeySetting, pem: string, create: (pem: string) => KeyObject): KeyObject {
    try {
      return create(pem);
    } catch {
      // The parser's own message can quote the key.
      throw new ConfigError([
        `${this.nameOf(name)} ${this.parseProblem(name, pem)}. Example: the output of ${openSslCommand(this.algorithm)}`,
      ]);
    }
  }

  private parseProblem(name: KeySetting, pem: string): string {
    const { algorithm } = this;
    const what = name === 'signingKey' ? 'a private key' : 'a public key';
    if (!pem.includes('-----BEGIN')) {
      return `is not ${what} in PEM, which ${algorithm} needs. To sign with a secret, set ${this.nameOf('algorithm')} to HS256, HS384 or HS512`;
    }
    if (pem.includes('ENCRYPTED')) {
      return 'is a private key behind a passphrase. Give it without: openssl pkey -in key.pem';
    }
    if (name === 'signingKey' && pem.includes('PUBLIC KEY-----')) {
      return `is a public key, and ${algorithm} signs with a private one. The public key is derived from it`;
    }
    return `is not ${what} in PEM, which ${algorithm} needs`;
  }

  private checkFit(name: KeySetting, key: KeyObject): void {
    const problem = keyProblem(this.algorithm, key);
    if (problem === null) return;
    const fit = algorithmsFor(key);
    const change =
      fit.length > 0 ? `Set ${this.nameOf('algorithm')} to ${orList(fit)}, or give` : 'Give';
    throw new ConfigError([
      `${this.nameOf(name)} ${problem}. ${change} another key. Example: the output of ${openSslCommand(this.algorithm)}`,
    ]);
  }
}

/** The algorithms that a PEM key would be fit for, in words. */
function fitting(pem: string): string {
  try {
    return orList(algorithmsFor(createPublicKey(pem.trim()))) || 'another algorithm';
  } catch {
    return 'RS256, ES256, PS256 or EdDSA';
  }
}

function orList(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
