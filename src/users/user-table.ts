/**
 * Where the hot statements find a user: names of the table and of its columns, as SQL identifiers (quoted where Postgres
 * asks for it). They join the user to the session in one statement, which a repository could not do.
 *
 * @publicApi
 */
export interface UserTable {
  /** With its schema where that is not on the search path. */
  readonly name: string;
  readonly id: string;
  /** SQL type of the primary key, into which the session's text is cast: `uuid`, `integer`, `bigint`, `text` … */
  readonly idType: string;
  readonly username: string;
  readonly password: string;
  /** A boolean column; null where every user is active. */
  readonly isActive: string | null;
  /** A boolean column; null where nobody is staff. */
  readonly isStaff: string | null;
  /** A boolean column; absent or null where nobody is a superuser. */
  readonly isSuperuser?: string | null;
  /** Holds a value once the row counts as deleted; absent or null where rows are really deleted. */
  readonly deletedAt?: string | null;
  /** The column that `USER_ID_FIELD` names. */
  readonly tokenId: string;
}

/** SQL for whether a user may log in. */
export function activeSql(table: UserTable, alias: string): string {
  const active = table.isActive === null ? 'true' : `${alias}.${table.isActive}`;
  return table.deletedAt ? `(${active} AND ${alias}.${table.deletedAt} IS NULL)` : active;
}

/** SQL for whether a user is staff. */
export function staffSql(table: UserTable, alias: string): string {
  return table.isStaff === null ? 'false' : `${alias}.${table.isStaff}`;
}

/** SQL for whether a user is a superuser. */
export function superuserSql(table: UserTable, alias: string): string {
  return table.isSuperuser ? `${alias}.${table.isSuperuser}` : 'false';
}

/** SQL for a key as JSON may carry it: a number of more than 53 bits would lose its last digits there. */
export function keySql(table: UserTable, column: string, alias: string): string {
  const isLong = table.idType === 'bigint' && column === table.id;
  return isLong ? `${alias}.${column}::text` : `${alias}.${column}`;
}
