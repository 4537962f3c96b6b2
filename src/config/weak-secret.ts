/** Bytes that a secret must have at least (design §8; RFC 7518 §3.2 asks for the size of the hash). */
export const LEAST_SECRET_BYTES = 32;
/** What to give where a secret is needed. */
export const RANDOM_SECRET = 'the output of openssl rand -base64 48';
/** Different characters that a secret must have at least: a random one has more, a typed one often not. */
const LEAST_CHARACTERS = 8;
/** What templates, documentation and jwt.io put where a secret belongs. */
const PLACEHOLDER =
  /^(change[-_ ]?(me|this|it)|django-insecure-|your[-_ ]|a-string-secret-at-least-256-bits-long|(replace|insert)[-_ ])/i;

/** Why an HMAC secret can be guessed, or null where nothing is known against it. The text shows nothing of the secret. */
export function secretWeakness(secret: string, leastBytes = LEAST_SECRET_BYTES): string | null {
  if (Buffer.byteLength(secret) < leastBytes) return `has fewer than ${leastBytes} bytes`;
  if (PLACEHOLDER.test(secret)) return 'is a placeholder that everybody knows';
  if (new Set(secret).size < LEAST_CHARACTERS || isRepetition(secret)) {
    return 'consists of few characters that are repeated';
  }
  return null;
}

/** Whether a text is a shorter one written several times. */
function isRepetition(text: string): boolean {
  return (text + text).indexOf(text, 1) < text.length;
}
