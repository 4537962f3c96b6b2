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

/** What authentication classes look at in a request, the same on every platform. */
export interface CredentialSource {
  readonly method?: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
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

/** The value of a header that may stand only once; an array would mean that a proxy and we could differ. */
export function headerOf(request: CredentialSource, name: string): string {
  const value = request.headers[name];
  return typeof value === 'string' ? value : '';
}
