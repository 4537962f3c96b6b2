import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { againIfUndone } from '../database/again-if-undone.js';
import type { SessionInfo, SessionPage } from './refresh-token-ledger.js';
import { cutPage, invalidCursor, type PageRequest } from './session-page.js';
import { sidOf } from './session-row.js';

/** The sessions of a user that are listed, and that count for `SESSIONS_PER_USER`. */
const LISTED = `
  user_id = $1 AND revoked_at IS NULL AND expires_at > now() AND (ends_at IS NULL OR ends_at > now())`;

/** The position is in microseconds, as exact as the column. */
const LIST = `
  SELECT id, created_at, last_used_at, LEAST(expires_at, ends_at) AS expires_at,
    host(last_ip) AS ip, user_agent, host(created_ip) AS created_ip, created_client,
    (extract(epoch FROM created_at) * 1000000)::bigint AS created_microseconds
  FROM auth_session
  WHERE ${LISTED} AND ($2::bigint IS NULL OR
    (created_at, id) < ('epoch'::timestamptz + $2 * interval '1 microsecond', $3::uuid))
  ORDER BY created_at DESC, id DESC
  LIMIT $4`;

const COUNT = `SELECT count(*)::int AS total FROM auth_session WHERE ${LISTED}`;

/**
 * Run after each log-in, when its session is committed: of several log-ins at once the last one sees all sessions, and
 * all go by one order, so that together they leave just as many as may be.
 */
const END_SURPLUS = `
  UPDATE auth_session SET revoked_at = now(), revoke_reason = 'session_limit'
  WHERE revoked_at IS NULL AND id IN (
    SELECT id FROM auth_session WHERE ${LISTED}
    ORDER BY last_used_at DESC, created_at DESC, id OFFSET $2)
  RETURNING id`;

interface ListedRow {
  readonly id: string;
  readonly created_at: Date;
  readonly last_used_at: Date;
  readonly expires_at: Date;
  readonly ip: string | null;
  readonly user_agent: string | null;
  readonly created_ip: string | null;
  readonly created_client: string | null;
  readonly created_microseconds: string;
}

/** The live sessions of one user: shown page by page, and kept below their limit. */
@Injectable()
export class SessionList {
  constructor(private readonly database: DataSource) {}

  /** @throws ValidationError when `after` is no `next` of a page */
  async page(userId: string, page: PageRequest): Promise<SessionPage> {
    const [microseconds, id] = page.after === null ? [null, null] : position(page.after);
    const rows = await againIfUndone(() =>
      this.database.query<ListedRow[]>(LIST, [userId, microseconds, id, page.limit + 1]),
    );
    return cutPage(rows, page, {
      info: sessionInfo,
      cursor: (row) => `${row.created_microseconds}.${sidOf(row)}`,
      count: () => this.count(userId),
    });
  }

  /** Ends the least recently used sessions until `limit` are left, and returns those that it has ended. */
  async endSurplus(userId: string, limit: number): Promise<string[]> {
    const [ended] = await againIfUndone(() =>
      this.database.query<[{ id: string }[], number]>(END_SURPLUS, [userId, limit]),
    );
    return ended.map(sidOf);
  }

  private async count(userId: string): Promise<number> {
    const [row] = await this.database.query<{ total: number }[]>(COUNT, [userId]);
    return row?.total ?? 0;
  }
}

/** After which session a page begins. */
function position(after: string): readonly [microseconds: string, sid: string] {
  const [, microseconds, sid] = /^(\d{1,18})\.([0-9a-f]{32})$/.exec(after) ?? [];
  if (microseconds === undefined || sid === undefined) throw invalidCursor();
  return [microseconds, sid];
}

function sessionInfo(row: ListedRow): SessionInfo {
  return {
    id: sidOf(row),
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
    expiresAt: row.expires_at,
    ip: row.ip,
    userAgent: row.user_agent,
    createdIp: row.created_ip,
    createdClient: row.created_client,
  };
}
