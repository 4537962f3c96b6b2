/** A JWS in compact form, taken apart and not verified yet (RFC 7515 §3.1). */
export interface CompactToken {
  readonly header: JoseHeader;
  readonly claims: Claims;
}

/** The members of the header that are used (RFC 7515 §4). */
export interface JoseHeader {
  readonly alg: string;
  readonly kid?: string;
}

/**
 * The claims of a token: any JSON object. Names and types stay as they are on the wire.
 *
 * @publicApi
 */
export type Claims = { readonly [claim: string]: unknown };

const PART = /^[A-Za-z0-9_-]+$/;
/** Bytes; longer texts cannot be tokens and are refused before any work. */
const MAX_LENGTH = 65_536;
/** No honest token has claims that are nested deeper; code that walks them later would run out of stack. */
const MAX_DEPTH = 32;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Takes a token apart, strictly: exactly three parts of canonical base64url, JSON objects in fatal UTF-8, a text
 * `alg`, and no critical members (RFC 7515 §5.2, RFC 8725 §3). Null when anything is wrong; the caller learns no more than
 * that.
 */
export function parseCompact(token: string): CompactToken | null {
  if (token.length > MAX_LENGTH) return null;
  const parts = token.split('.');
  const [head, body, signature] = parts;
  if (parts.length !== 3 || !head || !body || !signature) return null;
  // The signature is compared as bytes later; an alternative spelling of the same bytes would be a second name for
  // the token, so its spelling is checked here as well.
  if (decodePart(signature) === null) return null;
  const header = parseHeader(jsonObject(head));
  const claims = jsonObject(body);
  return header && claims && isShallow(claims, MAX_DEPTH) ? { header, claims } : null;
}

function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return depth > 0 && Object.values(value).every((member) => isShallow(member, depth - 1));
}

function parseHeader(header: Claims | null): JoseHeader | null {
  if (header === null || typeof header['alg'] !== 'string') return null;
  // RFC 7515 §4.1.11: a critical member that is not understood makes the token invalid; we understand none.
  if ('crit' in header || 'b64' in header) return null;
  const kid = header['kid'];
  if (kid === undefined) return { alg: header['alg'] };
  return typeof kid === 'string' ? { alg: header['alg'], kid } : null;
}

function jsonObject(part: string): Claims | null {
  const bytes = decodePart(part);
  if (bytes === null) return null;
  try {
    const value: unknown = JSON.parse(utf8.decode(bytes));
    return value !== null && typeof value === 'object' && !Array.isArray(value)
      ? (value as Claims)
      : null;
  } catch {
    return null;
  }
}

/** Decodes one part, or null unless it is the canonical spelling (RFC 7515 §2; `Buffer.from` ignores junk). */
function decodePart(part: string): Buffer | null {
  if (!PART.test(part)) return null;
  const bytes = Buffer.from(part, 'base64url');
  return bytes.toString('base64url') === part ? bytes : null;
}
