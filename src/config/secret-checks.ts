import { isHmac, leastSecretBytes } from '../keys/domain/algorithm.js';
import type { SettingName, Settings } from './settings.js';
import { LEAST_SECRET_BYTES, secretWeakness } from './weak-secret.js';

type SecretSettings = Pick<
  Settings,
  'profile' | 'algorithm' | 'signingKey' | 'previousSigningKeys' | 'sessionSecretKey'
>;

const EXAMPLE = 'Example: the output of openssl rand -base64 48';

/** What is wrong with an HMAC secret, and whether the start is refused for it. */
interface SecretFinding {
  readonly text: string;
  readonly isRefused: boolean;
}

/** What is wrong with HMAC secrets that sign. A short one is refused everywhere, a weak one in `secure`. */
export function weakSecretProblems(
  settings: SecretSettings,
  nameOf: (name: SettingName) => string,
): string[] {
  return findings(settings, nameOf).flatMap(({ text, isRefused }) => (isRefused ? text : []));
}

/**
 * What is to be warned of: weak secrets in `parity`, where a Django server may share them, and weak previous ones
 * everywhere. These have to be accepted, since leaving a weak secret must not log everybody out.
 */
export function weakSecretWarnings(
  settings: SecretSettings,
  nameOf: (name: SettingName) => string,
): string[] {
  const { algorithm, previousSigningKeys } = settings;
  const previous = isHmac(algorithm)
    ? previousSigningKeys.flatMap((secret) => {
        const weakness = secretWeakness(secret, leastSecretBytes(algorithm));
        return weakness === null
          ? []
          : `${nameOf('previousSigningKeys')} holds a secret that ${weakness}: whoever guesses it makes tokens that are accepted. Take it out when the last token that it signed has ended. Secrets that hold a comma are given as a JSON list.`;
      })
    : [];
  const own = findings(settings, nameOf).flatMap(({ text, isRefused }) => (isRefused ? [] : text));
  return [...own, ...previous];
}

function findings(
  { profile, algorithm, signingKey, sessionSecretKey }: SecretSettings,
  nameOf: (name: SettingName) => string,
): SecretFinding[] {
  const found: SecretFinding[] = [];
  const check = (name: SettingName, secret: string, use: string, bytes: number): void => {
    const weakness = secretWeakness(secret, bytes);
    if (weakness === null) return;
    const isShort = Buffer.byteLength(secret) < LEAST_SECRET_BYTES;
    found.push({
      text: `${nameOf(name)} is weak: it ${weakness}. ${use} needs a random secret of at least ${bytes} bytes. ${EXAMPLE}`,
      isRefused: isShort || profile === 'secure',
    });
  };
  if (isHmac(algorithm) && signingKey !== '') {
    check('signingKey', signingKey, algorithm, leastSecretBytes(algorithm));
  }
  if (sessionSecretKey !== null) {
    check('sessionSecretKey', sessionSecretKey, 'SessionAuthentication', LEAST_SECRET_BYTES);
  }
  return found;
}
