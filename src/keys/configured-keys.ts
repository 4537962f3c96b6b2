import { createPublicKey, type KeyObject } from 'node:crypto';
import { ConfigError } from '../config/config-error.js';
import { environmentName, type Settings } from '../config/settings.js';
import { isHmac, openSslCommand, type Algorithm } from './domain/algorithm.js';
import { publicJwk, type PublicJwk } from './domain/jwk.js';
import { KeyTextReader, type KeySetting, type NameOf } from './key-text.js';
import type { SigningKey, VerifyingKey } from './verifying-key.js';

/** The configured keys, parsed once. */
export interface ConfiguredKeys {
  readonly signing: SigningKey;
  /** The keys of tokens that name none: the other half of the signing key, then the previous ones. */
  readonly verifying: readonly [ConfiguredKey, ...ConfiguredKey[]];
}

/** A configured key that verifies. */
export interface ConfiguredKey extends VerifyingKey {
  readonly source: 'settings';
  /** Its public part, null where it has none that could be published. */
  readonly jwk: PublicJwk | null;
}

type KeySettings = Pick<Settings, KeySetting | 'profile' | 'algorithm'>;

interface KeyPair {
  readonly signing: KeyObject;
  readonly verifying: KeyObject;
}

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
  const { algorithm, previousSigningKeys, profile } = settings;
  requireSigningKey(settings);
  const reader = new KeyTextReader(algorithm, nameOf);
  const { signing, verifying } = readPair(settings, reader, nameOf);
  const current = configured(algorithm, verifying);
  // Also of a private key only the public part is kept: it signs no more.
  const previous = previousSigningKeys.map((text) =>
    configured(
      algorithm,
      isHmac(algorithm)
        ? reader.secret('previousSigningKeys', text)
        : reader.publicKey('previousSigningKeys', text),
    ),
  );
  // In a JWK Set of several keys a library cannot choose without an id (contract §12); SimpleJWT's tokens have none.
  const kid = profile === 'parity' ? null : current.kid;
  return {
    signing: { kid, algorithm, key: signing, verifying: current },
    verifying: [current, ...previous],
  };
}

/** The server has made itself a key by now, or has refused to start: only the options of a host can lack one. */
function requireSigningKey({ algorithm, signingKey }: KeySettings): void {
  if (signingKey !== '') return;
  throw new ConfigError([
    `signingKey is not set: tokens are signed with it. Example: AuthModule.forRoot({ signingKey: process.env.SIGNING_KEY }), where SIGNING_KEY holds the output of ${openSslCommand(algorithm)}`,
  ]);
}

function readPair(
  { algorithm, signingKey, verifyingKey }: KeySettings,
  reader: KeyTextReader,
  nameOf: NameOf,
): KeyPair {
  if (isHmac(algorithm)) {
    const secret = reader.secret('signingKey', signingKey);
    return { signing: secret, verifying: secret };
  }
  const signing = reader.privateKey('signingKey', signingKey);
  const derived = createPublicKey(signing);
  if (verifyingKey === '') return { signing, verifying: derived };
  const verifying = reader.publicKey('verifyingKey', verifyingKey);
  if (derived.equals(verifying)) return { signing, verifying };
  throw new ConfigError([
    `${nameOf('verifyingKey')} does not belong to ${nameOf('signingKey')}: the server could not verify its own tokens. Leave it unset: it is derived from the signing key.`,
  ]);
}

function configured(algorithm: Algorithm, key: KeyObject): ConfiguredKey {
  const jwk = publicJwk(key, algorithm);
  return { source: 'settings', kid: jwk?.kid ?? null, algorithm, key, jwk };
}
