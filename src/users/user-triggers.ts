import type { DataSource } from 'typeorm';
import { ConfigError } from '../config/resolve-settings.js';
import type { UserTable } from './user-table.js';

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
 * on every server, also when they are written by plain SQL. A new password ends the user's sessions. It runs behind
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

/** Bits of `pg_trigger.tgtype`. */
const DELETE = 8;
const UPDATE = 16;
const TRUNCATE = 32;

/** Triggers that fire; `columns` are those that the condition looks at, null without a condition. */
const FIND_TRIGGERS = `
  SELECT p.proname AS function, t.tgtype::int AS type,
    CASE WHEN t.tgqual IS NOT NULL THEN ARRAY(
      SELECT a.attname::text FROM pg_depend d
      JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
      WHERE d.classid = 'pg_trigger'::regclass AND d.objid = t.oid
        AND d.refobjid = t.tgrelid AND d.refobjsubid > 0) END AS columns
  FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
  WHERE t.tgrelid = to_regclass($1) AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')`;

interface TriggerRow {
  readonly function: string;
  readonly type: number;
  readonly columns: string[] | null;
}

/**
 * Without the triggers the guard would go on believing what it has read: a deactivated user would stay in until the
 * entry leaves the cache. So they are looked for at start.
 *
 * @throws ConfigError that shows the migration to write
 */
export async function requireUserTriggers(database: DataSource, user: UserTable): Promise<void> {
  const found = await database.query<TriggerRow[]>(FIND_TRIGGERS, [user.name]);
  const watched = [user.username, user.isActive, user.isStaff, user.deletedAt, user.tokenId];
  const columns = [
    ...new Set(watched.filter((c) => c !== null && c !== undefined && c !== user.id)),
  ] as string[];
  const fires = (name: string, type: number, wanted: readonly string[]): boolean =>
    found.some(
      (trigger) =>
        trigger.function === name &&
        (trigger.type & type) !== 0 &&
        wanted.every((column) => trigger.columns?.includes(bare(column)) ?? true),
    );
  const isWatched =
    fires('auth_user_changed', UPDATE, [user.id, user.password, ...columns]) &&
    fires('auth_user_changed', DELETE, []) &&
    fires('auth_user_changed', TRUNCATE, []) &&
    fires('auth_user_password_changed', UPDATE, [user.password]);
  if (isWatched) return;
  const example: WatchedUserTable = {
    table: user.name,
    id: user.id,
    password: user.password,
    watched: columns,
  };
  throw new ConfigError([
    `The table ${user.name} lacks triggers that tell every server when a user is deactivated or gets another password, or they miss a column. Add them in a migration: userTriggers(${JSON.stringify(example)}).up`,
  ]);
}

/** An identifier without its quotes. */
function bare(identifier: string): string {
  return /^".*"$/s.test(identifier)
    ? identifier.slice(1, -1).replaceAll('""', '"')
    : identifier.toLowerCase();
}
