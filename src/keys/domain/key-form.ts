import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';

/** How OpenSSH writes a public key, also behind the options of `authorized_keys`: kind, then Base64 that begins alike. */
const OPEN_SSH = /(^|\s)(ssh|ecdsa-sha2|sk-ssh|sk-ecdsa-sha2)-[\w@.-]+\s+AAAA/;
/** RFC 4716 §3.2. */
const SSH2 = /-{4} ?BEGIN SSH2 /;

/** What form of a key, other than PEM, a text is; null for one that may well be a secret. */
export function keyForm(text: string): string | null {
  if (OPEN_SSH.test(text)) return 'an OpenSSH public key';
  if (SSH2.test(text)) return 'an SSH2 public key';
  if (isJwk(text)) return 'a JWK';
  return isEncodedKey(text) ? 'a key in Base64 without its PEM lines' : null;
}

/** The body of a PEM key, as some environments want it on one line: whoever has the public key knows it (RFC 8725 §2.1). */
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
