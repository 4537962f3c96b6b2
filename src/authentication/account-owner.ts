import { Injectable } from '@nestjs/common';
import type { AuthenticatedUser } from '../users/authenticated-user.js';
import { JwtAuthentication } from './jwt-authentication.js';
import type { TokenUser } from './jwt-stateless-authentication.js';

/**
 * The stored user behind a request. With `JWTStatelessUserAuthentication` a request has nothing but claims: its `id` is
 * the user id claim, which `USER_ID_FIELD` may take from another column, and its `isStaff` is what held when the token
 * was made. A view that changes an account, or opens the accounts of others, needs more than that.
 */
@Injectable()
export class AccountOwner {
  constructor(private readonly jwt: JwtAuthentication) {}

  /**
   * The stored user. There is no second look-up where the authentication class has made one.
   *
   * @throws AuthError `token_not_valid`, `user_not_found`, `user_inactive` or `password_changed`
   */
  async of(user: AuthenticatedUser): Promise<AuthenticatedUser> {
    return isTokenUser(user) ? this.jwt.storedUser(user.claims) : user;
  }
}

/** Whether the user is made of claims alone. */
export function isTokenUser(user: AuthenticatedUser): user is TokenUser {
  const { claims } = user as Partial<TokenUser>;
  return typeof claims === 'object' && claims !== null;
}
