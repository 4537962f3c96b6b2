import { AuthError } from '../common/errors.js';
import { RawBody, parseRequestBody } from '../http/request-body.js';
import { OAuthError } from './oauth-error.js';

const NAMES = ['token', 'token_type_hint', 'client_id', 'client_secret'] as const;

/** Parameters of a request to an OAuth endpoint. */
export type OAuthParameters = { readonly [N in (typeof NAMES)[number]]?: string };

/**
 * Reads a form, or JSON: a parameter without a value counts as absent, unknown ones are ignored (RFC 6749 §3.2).
 *
 * @throws OAuthError `invalid_request` when the body cannot be read, or a parameter is repeated or no text
 * @throws AuthError `unsupported_media_type` when the body is neither
 */
export async function readParameters(body: unknown): Promise<OAuthParameters> {
  const fields = await readBody(body);
  const parameters: { -readonly [N in keyof OAuthParameters]: string } = {};
  for (const name of NAMES) {
    const value: unknown = Object.hasOwn(fields, name) ? Reflect.get(fields, name) : undefined;
    if (value === undefined || value === null || value === '') continue;
    // The body parser of a host makes a list of a repeated parameter.
    if (typeof value !== 'string') throw invalid(`The parameter ${name} is not one text.`);
    parameters[name] = value;
  }
  return parameters;
}

async function readBody(body: unknown): Promise<object> {
  try {
    const parsed = body instanceof RawBody ? await parseRequestBody(body) : (body ?? {});
    if (body instanceof RawBody) refuseRepeated(body);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed;
  } catch (error) {
    if (!(error instanceof AuthError) || error.code !== 'parse_error') throw error;
    throw invalid('The body is not what its type says.');
  }
  throw invalid('The body is no object.');
}

/** Of two tokens or clients it is not clear which one is meant (RFC 6749 §3.2). */
function refuseRepeated({ bytes, contentType }: RawBody): void {
  if (!/^\s*application\/x-www-form-urlencoded\s*(;|$)/i.test(contentType ?? '')) return;
  const names = [...new URLSearchParams(bytes.toString('latin1')).keys()];
  const repeated = NAMES.find((name) => names.indexOf(name) !== names.lastIndexOf(name));
  if (repeated) throw invalid(`The parameter ${repeated} is given more than once.`);
}

function invalid(description: string): OAuthError {
  return new OAuthError('invalid_request', description);
}
