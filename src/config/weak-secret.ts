/** Bytes that a secret must have at least (design §8; RFC 7518 §3.2 asks for the hash's size). */
export const LEAST_SECRET_BYTES = 32;
/** Different characters that it must have at least: a random one of this length has more, a typed one often not. */
const LEAST_CHARACTERS = 8;

/** Whether a secret is too short, or of too few characters to be a random one. */
export function isWeakSecret(secret: string): boolean {
  return Buffer.byteLength(secret) < LEAST_SECRET_BYTES || new Set(secret).size < LEAST_CHARACTERS;
}
