import { isHmac, leastSecretBytes } from '../keys/domain/algorithm.js';
import type { SettingName, Settings } from './settings.js';
import { LEAST_SECRET_BYTES, RANDOM_SECRET, secretWeakness } from './weak-secret.js';

/** The settings whose value may be an HMAC secret that signs. */
export const SIGNING_SECRETS = ['signingKey', 'sessionSecretKey'] as const;
type SigningSecret = (typeof SIGNING_SECRETS)[number];

/** What is wrong with an HMAC secret that signs, as the words after its name; null for a good one, none, or a private key. */
export function signingSecretProblem(
  name: SigningSecret,
  settings: Pick<Settings, SigningSecret | 'algorithm'>,
): string | null {
  const { algorithm } = settings;
  const isSigningKey = name === 'signingKey';
  const secret = settings[name];
  if (secret === null || (isSigningKey && (secret === '' || !isHmac(algorithm)))) return null;
  const bytes = isSigningKey ? leastSecretBytes(algorithm) : LEAST_SECRET_BYTES;
  const weakness = secretWeakness(secret, bytes);
  const use = isSigningKey ? algorithm : 'SessionAuthentication';
  return (
    weakness && `is weak: it ${weakness}. ${use} needs a random secret of at least ${bytes} bytes`
  );
}

/** Whether the start is refused for a weak secret: a short one everywhere, another one in `secure`. */
export function isRefused(
  name: SigningSecret,
  settings: Pick<Settings, SigningSecret | 'algorithm' | 'profile'>,
): boolean {
  if (signingSecretProblem(name, settings) === null) return false;
  const isShort = Buffer.byteLength(settings[name] ?? '') < LEAST_SECRET_BYTES;
  return isShort || settings.profile === 'secure';
}

/**
 * What the log warns of: weak secrets in `parity`, where a Django server may share them, and weak previous ones in both
 * profiles. The server must accept them, since the change to a better secret must not log everybody out.
 */
export function weakSecretWarnings(
  settings: Pick<Settings, SigningSecret | 'algorithm' | 'profile' | 'previousSigningKeys'>,
  nameOf: (name: SettingName) => string,
): string[] {
  const accepted = SIGNING_SECRETS.flatMap((name) => {
    const problem = isRefused(name, settings) ? null : signingSecretProblem(name, settings);
    return problem === null ? [] : `${nameOf(name)} ${problem}. Example: ${RANDOM_SECRET}`;
  });
  const { algorithm, previousSigningKeys } = settings;
  if (!isHmac(algorithm)) return accepted;
  const previous = previousSigningKeys.flatMap((secret) => {
    const weakness = secretWeakness(secret, leastSecretBytes(algorithm));
    return weakness === null
      ? []
      : `${nameOf('previousSigningKeys')} holds a secret that ${weakness}: whoever guesses it makes tokens that are accepted. Take it out when the last token that it signed has ended. Secrets that hold a comma are given as a JSON list.`;
  });
  return [...accepted, ...previous];
}
