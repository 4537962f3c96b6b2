import type { Claims } from '../tokens/domain/compact.js';
import type { CredentialSource } from '../transports/credential-source.js';
import type { AuthenticatedUser } from '../users/authenticated-user.js';

/** The answer of an authentication class that recognised its credentials. */
export interface Authenticated {
  readonly user: AuthenticatedUser;
  /** The claims of the token, where one was shown. */
  readonly claims?: Claims;
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
