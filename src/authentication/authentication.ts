import type { Claims } from '../tokens/domain/compact.js';
import type { CredentialSource } from '../transports/credential-source.js';
import type { AuthenticatedUser } from '../users/authenticated-user.js';
import type { AuthUser } from '../users/user-store.js';

/**
 * The answer of an authentication class that recognised its credentials.
 *
 * @publicApi
 */
export interface Authenticated {
  readonly user: AuthenticatedUser;
  /** The claims of the token, where the credentials were one. */
  readonly claims?: Claims;
}

/**
 * One class of a chain (contract §11): it recognises one kind of credentials. A host adds classes of its own with
 * `overrides.authentications`, and names them in `authenticationClasses` or `@UseAuthentication()`.
 *
 * @publicApi
 * @example
 * @Injectable()
 * class ApiKeyAuthentication extends Authentication {
 *   override readonly name = 'ApiKeyAuthentication';
 *   override readonly challenge = 'ApiKey';
 *
 *   override async authenticate(request: CredentialSource) {
 *     const key = request.headers['x-api-key'];
 *     if (typeof key !== 'string') return null;
 *     const user = await this.keys.findUser(key);
 *     if (user === null) throw new AuthError('authentication_failed', { detail: 'Invalid key.' });
 *     return { user };
 *   }
 * }
 */
export abstract class Authentication {
  /** The name of the class in `AUTHENTICATION_CLASSES` and `@UseAuthentication()`. */
  abstract readonly name: string;

  /** The name of its passport strategy, for `AuthGuard('basic')`, where that is another one than `name`. */
  readonly strategyName?: string;

  /** The value of `WWW-Authenticate`; null turns a refusal into 403 where the class is the first of a chain. */
  abstract readonly challenge: string | null;

  /**
   * Gives the user of the credentials; null when the request has no credentials of this kind, so that the next class is
   * asked.
   *
   * @throws AuthError 401 when there are credentials of this kind and they are wrong, which ends the request
   */
  abstract authenticate(request: CredentialSource): Promise<Authenticated | null>;

  /**
   * Gives the answer to a request whose credentials were accepted before, without any waiting. A class need not have this
   * method. It never refuses: null says that `authenticate` must be asked.
   */
  recall?(request: CredentialSource): Authenticated | null;
}

/** What of a stored user the rest of the application may see. */
export function authenticatedUser(
  user: Pick<AuthUser, 'id' | 'username' | 'isActive' | 'isStaff'>,
): AuthenticatedUser {
  return {
    id: user.id,
    username: user.username,
    isActive: user.isActive,
    isStaff: user.isStaff,
  };
}
