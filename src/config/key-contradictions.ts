import type { SettingName, Settings } from './settings.js';

/** Bytes that the key encryption key must have at least. */
const LEAST_BYTES = 32;
/** Different characters that it must have at least: a random one of this length has more, a typed one often not. */
const LEAST_CHARACTERS = 8;
/** Seconds: a next key must have the time to become known to caches of the JWK Set before it signs. */
const SHORTEST_ROTATION = 1200;

/** What is wrong with the settings of the key ring, none of which shows a secret. */
export function keyContradictions(
  settings: Settings,
  nameOf: (name: SettingName) => string,
): string[] {
  const { keyEncryptionKey, keyRotationInterval } = settings;
  const problems: string[] = [];
  if (keyEncryptionKey !== null && isWeak(keyEncryptionKey)) {
    problems.push(
      `${nameOf('keyEncryptionKey')} is weak: it must be random and have at least ${LEAST_BYTES} bytes. Example: the output of openssl rand -base64 48`,
    );
  }
  if (keyEncryptionKey !== null && keyEncryptionKey === settings.signingKey) {
    problems.push(
      `${nameOf('keyEncryptionKey')} is the same as ${nameOf('signingKey')}: each must be a secret of its own. Example: the output of openssl rand -base64 48`,
    );
  }
  if (keyRotationInterval === null) return problems;
  if (keyRotationInterval < SHORTEST_ROTATION) {
    problems.push(
      `${nameOf('keyRotationInterval')} is shorter than ${SHORTEST_ROTATION / 60} minutes, in which a next key becomes known everywhere. Example: 90d`,
    );
  }
  if (keyEncryptionKey === null) {
    problems.push(
      `${nameOf('keyEncryptionKey')} must be set with ${nameOf('keyRotationInterval')}: it seals the keys that are made. Example: the output of openssl rand -base64 48`,
    );
  }
  return problems;
}

function isWeak(secret: string): boolean {
  return Buffer.byteLength(secret) < LEAST_BYTES || new Set(secret).size < LEAST_CHARACTERS;
}
