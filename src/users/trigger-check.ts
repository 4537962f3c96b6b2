import type { DataSource } from 'typeorm';
import { ConfigError } from '../config/config-error.js';
import type { UserTable } from './user-table.js';
import { bare, type WatchedUserTable } from './user-triggers.js';

/** Bits of `pg_trigger.tgtype`. */
const DELETE = 8;
const UPDATE = 16;
const TRUNCATE = 32;

/**
 * Triggers that fire; `columns` are those that the condition looks at, null without a condition. A function of the same
 * name in another schema tells another application's feed: ours stands beside the table that the feed reads. Who may
 * watch is what `auth_require_user_table` asks when the trigger fires.
 *
 * Every comparison is between equal types: what others may have planted in the search path is not found before them.
 */
const FIND_TRIGGERS = `
  SELECT t.tgrelid = to_regclass('auth_session')::oid AS "isOfSessions",
    p.proname::text AS function, t.tgtype::int AS type, quote_ident(b.nspname::text) || '.' || p.proname::text AS called,
    p.pronamespace = f.relnamespace AS "isOurs", quote_ident(n.nspname::text) AS "feedSchema",
    quote_ident(o.rolname::text) AS owner,
    t.tgrelid = to_regclass('auth_user')::oid OR c.relowner = p.proowner OR o.rolsuper
      OR EXISTS (SELECT FROM aclexplode(p.proacl) a WHERE a.grantee = c.relowner) AS "mayWatch",
    CASE WHEN t.tgqual IS NOT NULL THEN ARRAY(
      SELECT a.attname::text FROM pg_depend d
      JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
      WHERE d.classid = 'pg_trigger'::regclass::oid AND d.objid = t.oid
        AND d.refobjid = t.tgrelid AND d.refobjsubid > 0) END AS columns
  FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace b ON b.oid = p.pronamespace
  JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_roles o ON o.oid = c.relowner
  JOIN pg_class f ON f.oid = to_regclass('auth_change')::oid
  JOIN pg_namespace n ON n.oid = f.relnamespace
  WHERE t.tgrelid IN (to_regclass($1::text)::oid, to_regclass('auth_session')::oid)
    AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')`;

interface TriggerRow {
  readonly isOfSessions: boolean;
  readonly function: string;
  readonly type: number;
  /** The function with its schema. */
  readonly called: string;
  readonly isOurs: boolean;
  readonly feedSchema: string;
  readonly owner: string;
  readonly mayWatch: boolean;
  readonly columns: string[] | null;
}

/**
 * Without the triggers the guard would go on believing what it has read: a deactivated user, or an ended session, would
 * stay in until the entry leaves the cache. So they are looked for at start.
 *
 * @throws ConfigError that shows the migration or the statement to write
 */
export async function requireTriggers(database: DataSource, user: UserTable): Promise<void> {
  const rows = await database.query<TriggerRow[]>(FIND_TRIGGERS, [user.name]);
  const ofUsers = rows.filter(({ isOfSessions }) => !isOfSessions);
  const problem = userProblem(ofUsers, user) ?? sessionProblem(rows);
  if (problem !== null) throw new ConfigError([problem]);
}

function userProblem(triggers: readonly TriggerRow[], user: UserTable): string | null {
  const watched = [user.username, user.isActive, user.isStaff, user.deletedAt, user.tokenId];
  const columns = [
    ...new Set(watched.filter((c) => c !== null && c !== undefined && c !== user.id)),
  ] as string[];
  const example: WatchedUserTable = {
    table: user.name,
    id: user.id,
    password: user.password,
    watched: columns,
  };
  const call = `userTriggers(${JSON.stringify(example)})`;
  const own = triggers.filter(({ isOurs }) => isOurs);
  const isWatched =
    fires(own, 'auth_user_changed', UPDATE, [user.id, user.password, ...columns]) &&
    fires(own, 'auth_user_changed', DELETE) &&
    fires(own, 'auth_user_changed', TRUNCATE) &&
    fires(own, 'auth_user_password_changed', UPDATE, [user.password]);
  const stranger = triggers.find(
    (trigger) => !trigger.isOurs && /^auth_user_(password_)?changed$/.test(trigger.function),
  );
  if (!isWatched && stranger !== undefined) {
    const { called, feedSchema } = stranger;
    return `The triggers of the table ${user.name} call ${called} of another schema, and this application reads what the functions in ${feedSchema} write: it would never hear that a user is deactivated or gets another password. Make them anew in a migration with SET LOCAL search_path = ${feedSchema}: ${call}, .down and then .up`;
  }
  if (!isWatched) {
    return `The table ${user.name} lacks triggers that tell every server when a user is deactivated or gets another password, or they miss a column. Add them in a migration: ${call}.up`;
  }
  const refused = own.find(({ mayWatch }) => !mayWatch);
  if (refused === undefined) return null;
  const { feedSchema, owner } = refused;
  return `The table ${user.name} belongs to ${owner}, who may not use the functions of its triggers, so that every change of a user would fail. Example: GRANT EXECUTE ON FUNCTION ${feedSchema}.auth_user_changed(), ${feedSchema}.auth_user_password_changed() TO ${owner}`;
}

function sessionProblem(rows: readonly TriggerRow[]): string | null {
  const own = rows.filter(({ isOfSessions, isOurs }) => isOfSessions && isOurs);
  const isWatched =
    fires(own, 'auth_session_changed', UPDATE, ['id', 'user_id', 'ends_at', 'revoked_at']) &&
    fires(own, 'auth_session_changed', DELETE) &&
    fires(own, 'auth_session_changed', TRUNCATE);
  return isWatched
    ? null
    : 'The table auth_session lacks triggers that tell every server when a session ends. If they are disabled: ALTER TABLE auth_session ENABLE TRIGGER USER. If they are gone, restore the schema from a complete dump.';
}

function fires(
  triggers: readonly TriggerRow[],
  name: string,
  type: number,
  wanted: readonly string[] = [],
): boolean {
  return triggers.some(
    (trigger) =>
      trigger.function === name &&
      (trigger.type & type) !== 0 &&
      wanted.every((column) => trigger.columns?.includes(bare(column)) ?? true),
  );
}
