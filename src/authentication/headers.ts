import { isUtf8 } from 'node:buffer';
import { AuthError } from '../common/errors.js';
import type { CredentialSource } from '../transports/credential-source.js';

/**
 * The value of a header that may stand only once; empty when it is absent.
 *
 * @throws AuthError `parse_error` when it stands twice: Node keeps the first value, a proxy before us may have read the other
 */
export function headerOf(request: CredentialSource, name: string): string {
  if (isRepeated(request, name)) {
    throw new AuthError('parse_error', { detail: `The header ${name} is given more than once.` });
  }
  const value = request.headers[name];
  return typeof value === 'string' ? value : '';
}

/** Whether a header stands more than once in the request as it came. */
export function isRepeated(request: CredentialSource, name: string): boolean {
  const lines = request.raw?.rawHeaders ?? request.rawHeaders ?? [];
  let found = 0;
  for (let index = 0; index < lines.length; index += 2) {
    const line = lines[index];
    if (line?.length === name.length && line.toLowerCase() === name) found += 1;
  }
  return found > 1;
}

/**
 * The one word after a keyword of the authorization header, as DRF reads it (RFC 7617 for `Basic`, contract §11); null
 * where the header starts with another keyword.
 *
 * @param noun - what the message about a second word says of the credentials
 * @throws AuthError `authentication_failed` when there is not exactly one word
 */
export function credentialsOf(
  request: CredentialSource,
  keyword: 'basic' | 'token',
  noun: string,
): string | null {
  const [first, credentials, ...more] = wordsOf(headerOf(request, 'authorization'));
  if (first?.toLowerCase() !== keyword) return null;
  const problem = (text: string): AuthError =>
    authenticationFailed(`Invalid ${keyword} header. ${text}`, keyword);
  if (credentials === undefined) throw problem('No credentials provided.');
  if (more.length > 0) throw problem(`${noun} string should not contain spaces.`);
  return credentials;
}

/** @param reason - the authentication class that refuses, for the log */
export function authenticationFailed(detail: string, reason: string): AuthError {
  return new AuthError('authentication_failed', { detail, reason });
}

/** What HTTP Basic says (RFC 7617); the password is null where no colon ends the name. */
export interface BasicCredentials {
  readonly username: string;
  readonly password: string | null;
}

/**
 * Reads a header of HTTP Basic as DRF does (contract §11): characters outside the alphabet of Base64 are skipped, missing
 * padding is an error, and what is not UTF-8 is Latin-1.
 *
 * @param needsPadding - false accepts Base64 without its padding
 * @returns null for another scheme; `empty`, `spaces` or `encoding` names what is wrong with the credentials
 */
export function readBasic(
  header: string,
  needsPadding = true,
): BasicCredentials | 'empty' | 'spaces' | 'encoding' | null {
  const [scheme, encoded, ...more] = wordsOf(header);
  if (scheme?.toLowerCase() !== 'basic') return null;
  if (encoded === undefined) return 'empty';
  if (more.length > 0) return 'spaces';
  const clean = encoded.replaceAll(/[^A-Za-z0-9+/=]/g, '');
  const data = withoutPadding(clean);
  const padding = clean.length - data.length;
  const isPadded = padding >= (4 - (data.length % 4)) % 4;
  if (data.length % 4 === 1 || (needsPadding && !isPadded)) return 'encoding';
  const bytes = Buffer.from(data, 'base64');
  const text = isUtf8(bytes) ? bytes.toString() : bytes.toString('latin1');
  const colon = text.indexOf(':');
  return colon < 0
    ? { username: text, password: null }
    : { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** Not a regular expression: /=+$/ takes quadratic time on a header full of signs before a letter. */
function withoutPadding(encoded: string): string {
  let end = encoded.length;
  while (end > 0 && encoded[end - 1] === '=') end -= 1;
  return encoded.slice(0, end);
}

/** White space by which Python's `bytes.split()` splits, as DRF does with the header (contract §11). */
const WHITESPACE = /[\t\n\v\f\r ]+/;

/** Splits the value of an authorization header into its words. */
export function wordsOf(value: string): string[] {
  return value.split(WHITESPACE).filter((word) => word !== '');
}
