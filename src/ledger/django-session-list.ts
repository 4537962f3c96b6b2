import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { againIfUndone } from '../database/again-if-undone.js';
import type { SessionInfo, SessionPage } from './refresh-token-ledger.js';
import { invalidCursor, type PageRequest } from './session-page.js';

/** The live tokens of a user: a session is what one of them stands for here. Rotation makes a new one of it. */
export const LIVE_TOKENS = `
  token_blacklist_outstandingtoken o
  LEFT JOIN token_blacklist_blacklistedtoken b ON b.token_id = o.id
  WHERE o.user_id = $1::integer AND b.id IS NULL AND o.expires_at > now()`;

const LIST = `
  SELECT o.id, o.jti, o.created_at, o.expires_at FROM ${LIVE_TOKENS}
    AND ($2::bigint IS NULL OR o.id < $2)
  ORDER BY o.id DESC LIMIT $3`;

const COUNT = `SELECT count(*)::int AS total FROM ${LIVE_TOKENS}`;

/**
 * Each use makes a new row, so that their order is that of use. Run behind each log-in, when its row is committed: of
 * several log-ins at once the last one sees all rows.
 */
const END_SURPLUS = `
  WITH surplus AS (
    SELECT o.id, o.jti FROM ${LIVE_TOKENS}
    ORDER BY o.id DESC OFFSET $2),
  ended AS (
    INSERT INTO token_blacklist_blacklistedtoken (blacklisted_at, token_id)
    SELECT now(), id FROM surplus
    ON CONFLICT (token_id) DO NOTHING
    RETURNING token_id)
  SELECT surplus.jti FROM surplus JOIN ended ON ended.token_id = surplus.id`;

interface ListedRow {
  readonly id: string;
  readonly jti: string;
  readonly created_at: Date | null;
  readonly expires_at: Date;
}

/** `SessionList` for Django's tables. */
@Injectable()
export class DjangoSessionList {
  constructor(private readonly database: DataSource) {}

  /** @throws ValidationError when `after` is no `next` of a page */
  async page(userId: string, { limit, after }: PageRequest): Promise<SessionPage> {
    if (after !== null && !/^\d{1,18}$/.test(after)) throw invalidCursor();
    // One more than asked for tells whether there is another page.
    const rows = await againIfUndone(() =>
      this.database.query<ListedRow[]>(LIST, [userId, after, limit + 1]),
    );
    const shown = rows.slice(0, limit);
    const isAll = after === null && rows.length <= limit;
    return {
      sessions: shown.map(sessionInfo),
      total: isAll ? shown.length : await this.count(userId),
      next: rows.length > limit ? (shown.at(-1)?.id ?? null) : null,
    };
  }

  /** Ends the least recently used tokens until `limit` are left, and returns the ids of those that it has ended. */
  async endSurplus(userId: string, limit: number): Promise<string[]> {
    const rows = await againIfUndone(() =>
      this.database.query<{ jti: string }[]>(END_SURPLUS, [userId, limit]),
    );
    return rows.map(({ jti }) => jti);
  }

  private async count(userId: string): Promise<number> {
    const [row] = await this.database.query<{ total: number }[]>(COUNT, [userId]);
    return row?.total ?? 0;
  }
}

/** Where and by what a token was used is not known here. */
function sessionInfo(row: ListedRow): SessionInfo {
  return {
    id: row.jti,
    createdAt: row.created_at ?? row.expires_at,
    lastUsedAt: null,
    expiresAt: row.expires_at,
    ip: null,
    userAgent: null,
    createdIp: null,
    createdClient: null,
  };
}
