/**
 * Where the hot statements find a user: names of the table and of its columns, as SQL identifiers. They join the user
 * to the session in one statement, which a repository could not do.
 *
 * @publicApi
 */
export interface UserTable {
  readonly name: string;
  readonly id: string;
  /** SQL type of the primary key, into which the session's text is cast. */
  readonly idType: string;
  readonly username: string;
  readonly password: string;
  readonly isActive: string;
  readonly isStaff: string;
  /** The column that `USER_ID_FIELD` names. */
  readonly tokenId: string;
}
