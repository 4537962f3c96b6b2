import type { SettingName, Settings } from './settings.js';
import { LEAST_SECRET_BYTES, RANDOM_SECRET, secretWeakness } from './weak-secret.js';

/** Bytes of the hash of each HMAC algorithm, which its key must have too (RFC 7518 §3.2). */
const HASH_BYTES: Readonly<Record<string, number>> = { HS256: 32, HS384: 48, HS512: 64 };

/** The settings whose value may be an HMAC secret that signs. */
export const SIGNING_SECRETS = ['signingKey', 'sessionSecretKey'] as const;
type SigningSecret = (typeof SIGNING_SECRETS)[number];

/** What is wrong with an HMAC secret that signs, as the words behind its name; null where it is good, unset or a private key. */
export function signingSecretProblem(
  name: SigningSecret,
  settings: Pick<Settings, SigningSecret | 'algorithm'>,
): string | null {
  const { algorithm } = settings;
  const isSigningKey = name === 'signingKey';
  const secret = settings[name];
  const bytes = isSigningKey ? HASH_BYTES[algorithm] : LEAST_SECRET_BYTES;
  if (secret === null || (isSigningKey && secret === '') || bytes === undefined) return null;
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
  const bytes = HASH_BYTES[settings.algorithm];
  if (bytes === undefined) return accepted;
  const previous = settings.previousSigningKeys.flatMap((secret) => {
    const weakness = secretWeakness(secret, bytes);
    return weakness === null
      ? []
      : `${nameOf('previousSigningKeys')} holds a secret that ${weakness}: whoever guesses it makes tokens that are accepted. Take it out when the last token that it signed has ended. Secrets that hold a comma are given as a JSON list.`;
  });
  return [...accepted, ...previous];
}
