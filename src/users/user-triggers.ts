/**
 * A user table whose changes every server must hear of. Names are SQL identifiers, quoted where Postgres asks for it.
 *
 * @publicApi
 */
export interface WatchedUserTable {
  readonly table: string;
  /** The primary key. */
  readonly id: string;
  readonly password: string;
  /** The other columns that the user store reads: the name, who is active, who is staff … */
  readonly watched: readonly string[];
}

/**
 * SQL for a migration of the host: triggers that let a deactivation, a deletion and a new password take effect at once
 * on every server, also when they are written by plain SQL. A new password ends the user's sessions. It runs after
 * `AUTH_MIGRATIONS`, whose functions it calls.
 *
 * @example
 * const TRIGGERS = userTriggers({ table: 'customer', id: 'id', password: 'password_hash', watched: ['email', 'enabled'] });
 * class CustomerTriggers1700000001000 implements MigrationInterface {
 *   async up(runner: QueryRunner) { await runner.query(TRIGGERS.up); }
 *   async down(runner: QueryRunner) { await runner.query(TRIGGERS.down); }
 * }
 *
 * @publicApi
 */
export function userTriggers(user: WatchedUserTable): {
  readonly up: string;
  readonly down: string;
} {
  const { table, id, password, watched } = user;
  const columns = [...new Set([id, password, ...watched])];
  const row = (name: 'OLD' | 'NEW'): string =>
    `(${columns.map((column) => `${name}.${column}`).join(', ')})`;
  // The functions look the key up in the row's JSON, by its bare name.
  const key = `'${bare(id).replaceAll("'", "''")}'`;
  return {
    up: `
      CREATE TRIGGER auth_user_changed AFTER UPDATE ON ${table} FOR EACH ROW
        WHEN (${row('OLD')} IS DISTINCT FROM ${row('NEW')})
        EXECUTE FUNCTION auth_user_changed(${key});
      CREATE TRIGGER auth_user_deleted AFTER DELETE ON ${table} FOR EACH ROW
        EXECUTE FUNCTION auth_user_changed(${key});
      CREATE TRIGGER auth_user_truncated AFTER TRUNCATE ON ${table} FOR EACH STATEMENT
        EXECUTE FUNCTION auth_user_changed(${key});
      CREATE TRIGGER auth_user_password_changed AFTER UPDATE ON ${table} FOR EACH ROW
        WHEN (OLD.${password} IS DISTINCT FROM NEW.${password})
        EXECUTE FUNCTION auth_user_password_changed(${key})`,
    down: `
      DROP TRIGGER auth_user_password_changed ON ${table};
      DROP TRIGGER auth_user_truncated ON ${table};
      DROP TRIGGER auth_user_deleted ON ${table};
      DROP TRIGGER auth_user_changed ON ${table}`,
  };
}

/** An identifier without its quotes. */
export function bare(identifier: string): string {
  return /^".*"$/s.test(identifier)
    ? identifier.slice(1, -1).replaceAll('""', '"')
    : identifier.toLowerCase();
}
