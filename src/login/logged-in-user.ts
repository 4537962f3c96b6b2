import type { AuthUser } from '../users/user-store.js';
import type { AuthenticatedUser } from '../users/authenticated-user.js';

/** A symbol, which JSON leaves out and a copy by `{ ...user }` takes along. */
const LOGIN = Symbol('nest-simplejwt:login');

/** Keeps a stored user where neither JSON, nor a log, nor a loop over properties finds it. */
class Login {
  readonly #user: AuthUser;

  constructor(user: AuthUser) {
    this.#user = user;
  }

  static userOf(login: Login): AuthUser {
    return login.#user;
  }
}

/**
 * The user of a log-in, as `LocalAuthGuard` and `AuthGuard('local')` put it into `request.user`. It has neither the stored
 * hash nor further properties of a host's users, so that a handler that answers with it publishes neither.
 *
 * @publicApi
 */
export interface LoggedInUser extends AuthenticatedUser, Omit<AuthUser, 'password'> {
  readonly id: AuthUser['id'];
  /** What {@link storedUser} looks for. */
  readonly [LOGIN]?: Login;
}

/** The part of a stored user that the rest of the application may see after a log-in. */
export function loggedInUser(user: AuthUser): LoggedInUser {
  const { id, username, isActive, isStaff, tokenId } = user;
  return { id, username, isActive, isStaff, tokenId, [LOGIN]: new Login(user) };
}

/**
 * The stored user behind a log-in, as the `UserStore` gave it: with the hash that the password was compared with, and
 * with everything else where the store gives whole entities. Do not answer a request with it. A user that comes from the
 * store directly is returned as it is.
 *
 * @publicApi
 * @throws TypeError for a user of another guard, or one that went through JSON
 * @example
 * login(@CurrentUser() user: LoggedInUser) {
 *   const { tenant } = storedUser(user) as Customer;
 * }
 */
export function storedUser(user: LoggedInUser | AuthUser): AuthUser {
  const login = (user as LoggedInUser)[LOGIN];
  if (login) return Login.userOf(login);
  if ('password' in user) return user;
  throw new TypeError(
    'The user comes from no log-in, so that nobody knows by what password. Give the user that LocalAuthGuard put into the request, or one of the UserStore.',
  );
}
