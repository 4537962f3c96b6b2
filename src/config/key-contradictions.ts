import type { SettingName, Settings } from './settings.js';
import { weakSecretProblems } from './secret-checks.js';
import { LEAST_SECRET_BYTES, secretWeakness } from './weak-secret.js';

/** Seconds: a next key must have the time to become known to caches of the JWK Set before it signs. */
const SHORTEST_ROTATION = 1200;

/** What is wrong with the settings of keys, without showing a secret. */
export function keyContradictions(
  settings: Settings,
  nameOf: (name: SettingName) => string,
): string[] {
  const { keyEncryptionKey, keyRotationInterval } = settings;
  const problems = weakSecretProblems(settings, nameOf);
  if (keyEncryptionKey !== null && secretWeakness(keyEncryptionKey) !== null) {
    problems.push(
      `${nameOf('keyEncryptionKey')} is weak: it must be random and have at least ${LEAST_SECRET_BYTES} bytes. Example: the output of openssl rand -base64 48`,
    );
  }
  const others = ['signingKey', 'previousSigningKeys', 'sessionSecretKey'] as const;
  const same = others.find((name) => [settings[name]].flat().includes(keyEncryptionKey));
  if (keyEncryptionKey !== null && same) {
    problems.push(
      `${nameOf('keyEncryptionKey')} is the same as ${nameOf(same)}: each must be a secret of its own. Example: the output of openssl rand -base64 48`,
    );
  }
  if (settings.jwkUrl !== null && !isHttpAddress(settings.jwkUrl)) {
    problems.push(
      `${nameOf('jwkUrl')} is not an address on http or https without a password. Example: https://login.example.com/.well-known/jwks.json`,
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

/** A password in it would be refused by `fetch`, at the first token. */
function isHttpAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return /^https?:$/.test(protocol) && username === '' && password === '';
}

/** Whether what comes from an address may have been changed on the way: on plain HTTP, unless it is this very host. */
export function isOpenToOthers(address: string): boolean {
  const { protocol, hostname } = new URL(address);
  return protocol === 'http:' && !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}
