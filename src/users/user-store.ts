import type { StaffVerdict } from './domain/standing.js';
import type { UserTable } from './user-table.js';

/**
 * What token authentication needs to know of a user. Hosts with a user entity of their own map it to this.
 *
 * @publicApi
 */
export interface AuthUser {
  /** The primary key, with the type that `/users/me` and the guard show. */
  readonly id: number | string;
  readonly username: string;
  /** The encoded password (contract §15). */
  readonly password: string;
  readonly isActive: boolean;
  readonly isStaff: boolean;
  /** Value of the column that `USER_ID_FIELD` names: what the user id claim holds. */
  readonly tokenId: number | string;
}

/**
 * Where users are kept: the seam for hosts with a user entity of their own.
 *
 * @publicApi
 */
export abstract class UserStore {
  /** The table behind this store. */
  abstract readonly table: UserTable;

  /** The user who logs in under this name, compared exactly. */
  abstract findByUsername(username: string): Promise<AuthUser | null>;

  /** The user with this primary key, or null; null as well for a text that no key can have. */
  abstract findById(id: string): Promise<AuthUser | null>;

  /**
   * The user whose `USER_ID_FIELD` has this text, or null; null as well for a text that no id can have, and for one that
   * several users share: a token must not open the account of another.
   */
  abstract findByTokenId(tokenId: string): Promise<AuthUser | null>;

  /**
   * Further members of `GET /users/me` by their names on the wire; `id` and `username` stay as they are. A store without
   * this method adds none, and nothing is read for that view.
   *
   * @param id - primary key
   * @example
   * override async profileOf(id: string) {
   *   const customer = await this.users.findOneBy({ id });
   *   return { email: customer?.email };
   * }
   */
  profileOf?(id: string): Promise<Readonly<Record<string, unknown>>>;

  /**
   * Writes a new hash of the same password, unless the stored one has changed since it was read: then it returns false
   * and the other change stands.
   */
  abstract upgradePassword(user: AuthUser, encoded: string): Promise<boolean>;

  /**
   * Writes the hash of another password and ends the user's sessions but the kept one. False, and nothing is done, when
   * the stored password has changed since it was read.
   *
   * @param keptSession - 32 hex digits; null ends all
   */
  abstract changePassword(
    user: AuthUser,
    encoded: string,
    keptSession: string | null,
  ): Promise<boolean>;

  /** Whether a member of staff may act on a user: asked of the table, never of what a guard remembers. */
  abstract judgeStaffAct(staffId: string, id: string): Promise<StaffVerdict>;

  /**
   * Activates or deactivates a user where the member of staff may do so; the last superuser stays, also when several are
   * deactivated at once.
   *
   * @param staffId - primary key; null where the application itself decides, which may do anything
   */
  abstract setActive(id: string, isActive: boolean, staffId: string | null): Promise<StaffVerdict>;

  /** Writes the time of a log-in. */
  abstract recordLogin(user: AuthUser, at: Date): Promise<void>;
}
