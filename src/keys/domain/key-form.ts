/** How OpenSSH writes a public key, also behind the options of `authorized_keys`: kind, then Base64 that begins alike. */
const OPEN_SSH = /(^|\s)(ssh|ecdsa-sha2|sk-ssh|sk-ecdsa-sha2)-[\w@.-]+\s+AAAA/;
/** RFC 4716 §3.2. */
const SSH2 = /-{4} ?BEGIN SSH2 /;

/** What form of a key, other than PEM, a text is; null for one that may well be a secret. */
export function keyForm(text: string): string | null {
  if (OPEN_SSH.test(text)) return 'an OpenSSH public key';
  if (SSH2.test(text)) return 'an SSH2 public key';
  return isJwk(text) ? 'a JWK' : null;
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
