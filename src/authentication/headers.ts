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

/** White space by which Python's `bytes.split()` splits, as DRF does with the header (contract §11). */
const WHITESPACE = /[\t\n\v\f\r ]+/;

/** Splits the value of an authorization header into its words. */
export function wordsOf(value: string): string[] {
  return value.split(WHITESPACE).filter((word) => word !== '');
}
