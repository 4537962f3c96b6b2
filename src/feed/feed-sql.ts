import { MOST_CHANGES } from './domain/heartbeat.js';

/** The database, and the server since its start: two connections with one text are at the same place. */
const SERVER = `(
  SELECT concat_ws(' ', extract(epoch FROM pg_postmaster_start_time())::text, oid::text)
  FROM pg_database WHERE datname = current_database())`;

/** A row of `FIND_SERVER`. */
export interface ServerRow {
  readonly server: string;
}

/** Where a connection is, in the words of `HEARTBEAT`. */
export const FIND_SERVER = `SELECT ${SERVER} AS server`;

/** A row of `HEARTBEAT`. */
export interface HeartbeatRow extends ServerRow {
  readonly position: string;
  readonly backend: number;
  readonly is_standby: boolean;
  readonly keys: string[] | null;
}

/**
 * One snapshot: where it stands, who answers, and what was committed since the snapshot of the last heartbeat ($1): what
 * had not begun then, and what was still running. Both parts walk the primary key, so that a transaction that runs for
 * hours makes no heartbeat slower.
 */
export const HEARTBEAT = `
  SELECT s.now::text AS position, ${SERVER} AS server, pg_backend_pid() AS backend,
    pg_is_in_recovery() AS is_standby,
    (SELECT array_agg(c.key) FROM (
      SELECT key FROM auth_change
      WHERE xid >= pg_snapshot_xmax($1::pg_snapshot) AND xid < pg_snapshot_xmax(s.now)
      UNION ALL
      SELECT key FROM auth_change WHERE xid = ANY (ARRAY(SELECT pg_snapshot_xip($1::pg_snapshot)))
      LIMIT ${MOST_CHANGES + 1}) c) AS keys
  FROM (SELECT pg_current_snapshot() AS now) s`;

/** Rows that one trim deletes at most. */
export const TRIM_SIZE = 1000;

/**
 * Deletes changes of transactions below $1. Several nodes may trim at once: each takes rows that no other one holds.
 *
 * A server of the version before goes on where it was, however long it was away, unless `auth_feed` tells it that it has
 * missed something. A later migration drops that table, once no such server can be left.
 */
export const TRIM = `
  WITH old AS (
    SELECT xid, id FROM auth_change WHERE xid < $1::xid8
    ORDER BY xid, id LIMIT ${TRIM_SIZE} FOR UPDATE SKIP LOCKED),
  gone AS (
    DELETE FROM auth_change c USING old WHERE c.xid = old.xid AND c.id = old.id RETURNING c.id),
  mark AS (
    UPDATE auth_feed SET trimmed_below = $1::xid8
    WHERE (trimmed_below IS NULL OR trimmed_below < $1::xid8) AND EXISTS (SELECT FROM gone))
  SELECT count(*)::int AS deleted FROM gone`;
