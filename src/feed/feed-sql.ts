import { MOST_CHANGES } from './domain/heartbeat.js';

/** A row of `HISTORY`: which database, and since when its changes are complete. */
export interface HistoryRow {
  readonly server: string;
  /** Null when a crash, or somebody's TRUNCATE, has emptied the row. */
  readonly epoch: string | null;
}

/** Names what a reader can go on with: the same server start and database, since the same loss of the row. */
export function historyOf({ server, epoch }: HistoryRow): string {
  return `${server} ${epoch}`;
}

/** A row of `HEARTBEAT`. */
export interface HeartbeatRow extends HistoryRow {
  readonly position: string;
  readonly is_standby: boolean;
  readonly has_gap: boolean | null;
  /** The marks were made where transaction ids had come further: a copy of another database. */
  readonly is_copied: boolean | null;
  readonly keys: string[] | null;
}

/**
 * One snapshot: where it stands, which history it belongs to, and what was committed since the snapshot of the last
 * heartbeat ($1): what had not begun then, and what was still running. Both parts walk the primary key, so that a
 * transaction that runs for hours makes no heartbeat slower.
 */
export const HEARTBEAT = `
  SELECT s.now::text AS position, f.epoch::text AS epoch,
    concat_ws(' ', extract(epoch FROM pg_postmaster_start_time())::text, d.oid::text) AS server,
    pg_is_in_recovery() AS is_standby,
    f.trimmed_below > pg_snapshot_xmin($1::pg_snapshot)
      OR pg_snapshot_xmax($1::pg_snapshot) > pg_snapshot_xmax(s.now) AS has_gap,
    f.trimmed_below > pg_snapshot_xmax(s.now) AS is_copied,
    (SELECT array_agg(c.key) FROM (
      SELECT key FROM auth_change
      WHERE xid >= pg_snapshot_xmax($1::pg_snapshot) AND xid < pg_snapshot_xmax(s.now)
      UNION ALL
      SELECT key FROM auth_change WHERE xid = ANY (ARRAY(SELECT pg_snapshot_xip($1::pg_snapshot)))
      LIMIT ${MOST_CHANGES + 1}) c) AS keys
  FROM (SELECT pg_current_snapshot() AS now) s
  CROSS JOIN (SELECT oid FROM pg_database WHERE datname = current_database()) d
  LEFT JOIN auth_feed f ON true`;

/** Which history the pool's connections see, in the words of `HEARTBEAT`. */
export const HISTORY = `
  SELECT f.epoch::text AS epoch, concat_ws(' ', extract(epoch FROM pg_postmaster_start_time())::text, d.oid::text) AS server
  FROM (SELECT oid FROM pg_database WHERE datname = current_database()) d LEFT JOIN auth_feed f ON true`;

/**
 * Begins a history. Of several nodes that do it at once one does. What pg_restore or replication has brought along from
 * another server counts transactions that are yet to come here, and goes.
 */
export const BEGIN_HISTORY = `
  WITH foreign_changes AS (
    DELETE FROM auth_change WHERE xid >= pg_snapshot_xmax(pg_current_snapshot()))
  INSERT INTO auth_feed AS f DEFAULT VALUES
  ON CONFLICT (is_only_row) DO UPDATE SET epoch = gen_random_uuid(), trimmed_below = NULL
  WHERE f.trimmed_below > pg_snapshot_xmax(pg_current_snapshot())`;

/** Rows that one trim deletes at most. */
export const TRIM_SIZE = 1000;

/**
 * Deletes changes of transactions below $1 and says so in the same transaction: a reader that stands lower finds either
 * the rows or the mark. The lock on the one row lets one node trim at a time; others pass by.
 */
export const TRIM = `
  WITH turn AS (SELECT is_only_row FROM auth_feed FOR UPDATE SKIP LOCKED),
  old AS (
    SELECT xid, id FROM auth_change WHERE xid < $1::xid8 AND EXISTS (SELECT FROM turn)
    ORDER BY xid, id LIMIT ${TRIM_SIZE}),
  gone AS (
    DELETE FROM auth_change c USING old WHERE c.xid = old.xid AND c.id = old.id RETURNING c.id),
  mark AS (
    UPDATE auth_feed SET trimmed_below = $1::xid8
    WHERE (trimmed_below IS NULL OR trimmed_below < $1::xid8) AND EXISTS (SELECT FROM gone))
  SELECT count(*)::int AS deleted FROM gone`;
