import { AuthError } from '../common/errors.js';
import type { Claims } from '../tokens/domain/compact.js';

/**
 * Who makes a request: what guards put into `request.user`. It holds no password, so that answering with it by
 * accident publishes no hash.
 *
 * @publicApi
 */
export interface AuthenticatedUser {
  readonly id: unknown;
  readonly username: string;
  readonly isActive: boolean;
  readonly isStaff: boolean;
}

/** The answer of an authentication class that recognised its credentials. */
export interface Authenticated {
  readonly user: AuthenticatedUser;
  /** The claims of the token, where one was shown. */
  readonly claims?: Claims;
}

/** Where a call has an access token that stands in no header: a symbol, which no host's request has by accident. */
export const BARE_TOKEN = Symbol('nest-simplejwt:bare-token');

/**
 * What authentication classes look at in a request, the same on every platform.
 *
 * @publicApi
 */
export interface CredentialSource {
  readonly [BARE_TOKEN]?: string;
  readonly method?: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Names and values as they came: on Express. */
  readonly rawHeaders?: readonly string[];
  /** The request below: on Fastify. */
  readonly raw?: { readonly rawHeaders: readonly string[] };
}

/**
 * One class of a chain (contract §11): it recognises one kind of credentials. Null means that they are not there; wrong
 * ones throw, which ends the request.
 */
export abstract class Authentication {
  /** Value of `WWW-Authenticate`; null when the class has none. */
  abstract readonly challenge: string | null;

  /**
   * @throws AuthError 401 when credentials of its kind are given and refused
   */
  abstract authenticate(request: CredentialSource): Promise<Authenticated | null>;
}

/**
 * The value of a header that may stand only once; empty when it is absent.
 *
 * @throws AuthError `parse_error` when it stands twice: Node keeps the first, a proxy before us may have read the other
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
