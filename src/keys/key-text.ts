import {
  X509Certificate,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  type KeyObject,
} from 'node:crypto';
import { ConfigError } from '../config/config-error.js';
import type { SettingName } from '../config/settings.js';
import { LEAST_SECRET_BYTES } from '../config/weak-secret.js';
import { algorithmsFor, keyProblem, openSslCommand, type Algorithm } from './domain/algorithm.js';

/** The settings that hold keys as text. */
export type KeySetting = 'signingKey' | 'verifyingKey' | 'previousSigningKeys';

/** What a setting is called where it is given. */
export type NameOf = (name: SettingName) => string;

const SECRET_EXAMPLE = `Example: the output of ${openSslCommand('HS256')}`;

/** A public key as OpenSSH writes it, also after the options of `authorized_keys`: kind, then Base64 that begins alike. */
const OPEN_SSH = /(^|\s)(ssh|ecdsa-sha2|sk-ssh|sk-ecdsa-sha2)-[\w@.-]+\s+AAAA/;
/** RFC 4716 §3.2. */
const SSH2 = /-{4} ?BEGIN SSH2 /;

/** Reads the texts of keys for one algorithm, and says what is wrong with those that do not fit it. */
export class KeyTextReader {
  constructor(
    private readonly algorithm: Algorithm,
    private readonly nameOf: NameOf,
  ) {}

  /** @throws ConfigError */
  privateKey(name: KeySetting, pem: string): KeyObject {
    return this.parse(name, pem, createPrivateKey);
  }

  /** The public part where the text is a private key. Throws as `privateKey` does. */
  publicKey(name: KeySetting, pem: string): KeyObject {
    return this.parse(name, pem, createPublicKey);
  }

  /** @throws ConfigError when the text is a key of any other kind, or too short to sign */
  secret(name: KeySetting, text: string): KeyObject {
    const { algorithm } = this;
    // Everybody may have a public key: taken for a secret it would let anybody sign (CVE-2026-34950).
    if (text.includes('-----BEGIN')) {
      this.fail(
        name,
        `is a PEM key, and ${algorithm} wants a secret. Set ${this.nameOf('algorithm')} to ${fitting(text)}, or give a secret. ${SECRET_EXAMPLE}`,
      );
    }
    const form = formOf(text);
    if (form !== null) {
      this.fail(
        name,
        `is ${form}, and ${algorithm} wants a secret. Give a private key in PEM with the ${this.nameOf('algorithm')} of its kind, or a secret. ${SECRET_EXAMPLE}`,
      );
    }
    // A previous secret signs nothing any more, and giving a short one up must not log everybody out.
    if (name === 'signingKey' && Buffer.byteLength(text) < LEAST_SECRET_BYTES) {
      this.fail(
        name,
        `is weak: ${algorithm} needs a secret of at least ${LEAST_SECRET_BYTES} bytes. ${SECRET_EXAMPLE}`,
      );
    }
    return createSecretKey(Buffer.from(text));
  }

  private parse(name: KeySetting, pem: string, create: (pem: string) => KeyObject): KeyObject {
    const example = `Example: the output of ${openSslCommand(this.algorithm)}`;
    let key: KeyObject;
    try {
      key = create(pem);
    } catch {
      // The parser's own message can quote the key.
      return this.fail(name, `${this.parseProblem(name, pem)}. ${example}`);
    }
    const problem = keyProblem(this.algorithm, key);
    if (problem === null) return key;
    const fit = algorithmsFor(key);
    const change =
      fit.length > 0 ? `Set ${this.nameOf('algorithm')} to ${orList(fit)}, or give` : 'Give';
    return this.fail(name, `${problem}. ${change} another key. ${example}`);
  }

  private parseProblem(name: KeySetting, pem: string): string {
    const { algorithm } = this;
    const what = `is not ${name === 'signingKey' ? 'a private key' : 'a public key'} in PEM, which ${algorithm} needs`;
    if (!pem.includes('-----BEGIN')) {
      return `${what}. To sign with a secret, set ${this.nameOf('algorithm')} to HS256, HS384 or HS512`;
    }
    if (pem.includes('ENCRYPTED')) {
      return 'is a private key with a passphrase. Give it without: openssl pkey -in key.pem';
    }
    if (name === 'signingKey' && pem.includes('PUBLIC KEY-----')) {
      return `is a public key, and ${algorithm} signs with a private one. The public key is derived from it`;
    }
    return what;
  }

  private fail(name: KeySetting, problem: string): never {
    throw new ConfigError([`${this.nameOf(name)} ${problem}`]);
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

/** What form of a key, other than PEM, a text is; null for one that may well be a secret. */
function formOf(text: string): string | null {
  if (OPEN_SSH.test(text)) return 'an OpenSSH public key';
  if (SSH2.test(text)) return 'an SSH2 public key';
  if (isJwk(text)) return 'a JWK';
  return isEncodedKey(text) ? 'a key in Base64 without its PEM lines' : null;
}

/** The body of a PEM key, as some environments want it on one line: everybody may have a public key (RFC 8725 §2.1). */
function isEncodedKey(text: string): boolean {
  const body = text.replaceAll(/\s/g, '');
  const encoding = /^(?:[0-9a-f]{2})+$/i.test(body) ? 'hex' : 'base64';
  if (encoding === 'base64' && !/^[\w+/-]+={0,2}$/.test(body)) return false;
  const bytes = Buffer.from(body, encoding);
  return bytes.includes('-----BEGIN ') || isDer(bytes);
}

/** A sequence (X.690 §8.9) that holds a public key, a private key or a certificate. */
function isDer(key: Buffer): boolean {
  if (key[0] !== 0x30) return false;
  const der = { key, format: 'der' } as const;
  return [
    () => createPublicKey({ ...der, type: 'spki' }),
    () => createPublicKey({ ...der, type: 'pkcs1' }),
    () => createPrivateKey({ ...der, type: 'pkcs8' }),
    () => createPrivateKey({ ...der, type: 'pkcs1' }),
    () => createPrivateKey({ ...der, type: 'sec1' }),
    () => new X509Certificate(key),
  ].some(succeeds);
}

function succeeds(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch {
    return false;
  }
}

/** Also a set of them (RFC 7517 §5). */
function isJwk(text: string): boolean {
  if (!text.trimStart().startsWith('{')) return false;
  try {
    const value = JSON.parse(text) as object;
    return Object.hasOwn(value, 'kty') || Object.hasOwn(value, 'keys');
  } catch {
    return false;
  }
}
