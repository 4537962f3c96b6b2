import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { RequestContext } from '../common/request-context.js';
import { againIfUndone } from '../database/again-if-undone.js';
import { StatementBatcher } from '../database/statement-batcher.js';
import { prepared, runPrepared, type Prepared } from '../database/prepared.js';
import { UserStore, type AuthUser } from '../users/user-store.js';
import { IS_BLACKLISTED } from './blacklist-sql.js';
import { clientLabel } from './client-label.js';
import { sessionSql, type SessionSql } from './session-sql.js';
import { storedUserAgent } from './domain/user-agent.js';
import type { Generations } from './domain/verdict.js';

/** What the current refresh token of a session is made of; instants are seconds since the epoch, the database's. */
export interface CurrentToken {
  readonly generation: number;
  /** Its `iat`, with fraction. */
  readonly rotated_at: number;
  /** Its `exp`. */
  readonly expires_at: number;
}

/** A session as a statement returns it. */
export interface SessionRow extends CurrentToken {
  readonly id: string;
  readonly user_id: string | null;
  readonly parent_generation: number | null;
  /** The parent for which a displaced token has recovered late. */
  readonly recovered_parent: number | null;
  readonly superseded_at: number[];
  readonly user_agent: string | null;
  /** Null where it is not known from which network the session was last used. */
  readonly last_ip: string | null;
  readonly is_sliding: boolean;
  readonly revoke_reason: string | null;
  readonly last_used_at: number;
  readonly ends_at: number | null;
  readonly revoked_at: number | null;
  /** Whether the absolute end has passed. */
  readonly is_over: boolean;
  readonly now: number;
}

/** A session with its user; null when the user was deleted. */
export interface SessionWithUser extends SessionRow {
  readonly user: AuthUser | null;
}

/** A refresh token of another issuer, of which a session is made. */
export interface ForeignToken {
  /** Null when the token's user does not exist: such a session can only be ended. */
  readonly userId: string | null;
  readonly tokenId: string;
  /** NumericDate; null when the token does not say. */
  readonly issuedAt: number | null;
  readonly expiresAt: number;
  readonly maxLifetime: number | null;
  /** Why the session is dead from the start; null for a live one. */
  readonly endedBecause: string | null;
}

/** What the guard remembers of a live session. */
export interface SessionFacts {
  readonly user: AuthUser;
  /** Absolute end, seconds since the epoch; null for none. */
  readonly endsAt: number | null;
}

interface UserJson {
  readonly id: number | string;
  readonly username: string;
  readonly password: string;
  readonly is_active: boolean;
  readonly is_staff: boolean;
  readonly token_id: number | string;
}

interface FactsRow {
  readonly id: string;
  readonly user: UserJson | null;
  readonly ends_at: number | null;
}

type SessionWithJson = SessionRow & { readonly user: UserJson | null };

/** Something that runs statements: the pool, or one transaction. */
type Executor = Pick<EntityManager, 'query'>;

/** The statements of the session ledger with their parameters. No decision is made here. */
@Injectable()
export class SessionRows {
  private readonly sql: SessionSql;
  private readonly finding: StatementBatcher<string, SessionWithUser>;
  private readonly findingFacts: StatementBatcher<string, SessionFacts>;
  private readonly issuing: Prepared;

  constructor(
    readonly database: DataSource,
    users: UserStore,
  ) {
    this.sql = sessionSql(users.table);
    const find = prepared(this.sql.find);
    this.finding = bySession(async (sids) => {
      const rows = await runPrepared<SessionWithJson>(database, find, [sids]);
      return rows.map((row) => [row.id, withUser(row)] as const);
    });
    const findFacts = prepared(this.sql.findFacts);
    this.findingFacts = bySession(async (sids) => {
      const rows = await runPrepared<FactsRow>(database, findFacts, [sids]);
      return rows.flatMap(({ id, user, ends_at: endsAt }) =>
        user === null ? [] : [[id, { user: toAuthUser(user), endsAt }] as const],
      );
    });
    this.issuing = prepared(this.sql.issue);
  }

  /** The new session, or null when the user is not the one any more whose password was verified. */
  async issue(
    sid: string,
    user: AuthUser,
    session: { isSliding: boolean; lifetime: number; maxLifetime: number | null },
    context: RequestContext,
  ): Promise<SessionRow | null> {
    const [row] = await runPrepared<SessionRow>(this.database, this.issuing, [
      sid,
      session.isSliding,
      session.lifetime,
      session.maxLifetime,
      storedAddress(context),
      storedUserAgent(context.userAgent),
      user.id,
      user.password,
      startingClient(context),
    ]);
    return row ?? null;
  }

  async find(sid: string): Promise<SessionWithUser | null> {
    return this.finding.ask(sid);
  }

  /** The session, locked until the transaction ends. */
  async lock(transaction: Executor, sid: string): Promise<SessionWithUser | null> {
    const [row] = await this.rows(transaction, this.sql.lock, [sid]);
    return row ? withUser(row as SessionWithJson) : null;
  }

  async advance(
    transaction: Executor,
    sid: string,
    next: Generations,
    lifetime: number,
    context: RequestContext,
  ): Promise<SessionRow | null> {
    return this.one(transaction, this.sql.advance, [
      sid,
      next.generation,
      next.parentGeneration,
      next.supersededAt,
      lifetime,
      storedAddress(context),
      storedUserAgent(context.userAgent),
      next.hasRecoveredLate ? next.parentGeneration : null,
    ]);
  }

  /** Whether this call ended the session. */
  async end(executor: Executor, sid: string, reason: string): Promise<boolean> {
    return (await this.rows(executor, this.sql.end, [sid, reason])).length > 0;
  }

  /** Makes the session of another issuer's token, unless it is there or the token is blacklisted in Django's tables. */
  async adopt(sid: string, foreign: ForeignToken, context: RequestContext): Promise<boolean> {
    const rows = await this.rows(this.database, this.sql.adopt, [
      sid,
      foreign.userId,
      foreign.expiresAt,
      foreign.maxLifetime,
      storedAddress(context),
      storedUserAgent(context.userAgent),
      foreign.endedBecause,
      foreign.tokenId,
      foreign.issuedAt,
      startingClient(context),
    ]);
    return rows.length > 0;
  }

  /** Whether another issuer's token is blacklisted in Django's tables. */
  async isBlacklisted(tokenId: string): Promise<boolean> {
    return (await this.rows(this.database, IS_BLACKLISTED, [tokenId])).length > 0;
  }

  /** What the guard needs of a live session, or null when it is not live or has no user. */
  findFacts(sid: string): Promise<SessionFacts | null> {
    return this.findingFacts.ask(sid);
  }

  /** Notes that a session was used. False when it has ended. */
  async touch(sid: string, context: RequestContext): Promise<boolean> {
    const parameters = [sid, storedAddress(context), storedUserAgent(context.userAgent)];
    return (await this.rows(this.database, this.sql.touch, parameters)).length > 0;
  }

  /** Deletes what ended longer ago than `keep` seconds among the thousand rows behind `after`. */
  async flushStep(after: string, keep: number): Promise<{ last: string | null; deleted: number }> {
    const rows = await this.rows(this.database, this.sql.flush, [after, keep]);
    return (rows as { last: string | null; deleted: number }[])[0] ?? { last: null, deleted: 0 };
  }

  /** Whether this user has such a live session; it is ended then. */
  async endOne(sid: string, userId: string, reason: string): Promise<boolean> {
    return (await this.rows(this.database, this.sql.endOne, [sid, userId, reason])).length > 0;
  }

  /** Ends all live sessions of a user but one, or all with null, and returns those that it has ended. */
  async endOthers(
    executor: Executor,
    userId: string,
    keep: string | null,
    reason: string,
  ): Promise<string[]> {
    return sidsOf(await this.rows(executor, this.sql.endOthers, [userId, keep, reason]));
  }

  private async one(
    executor: Executor,
    statement: string,
    parameters: unknown[],
  ): Promise<SessionRow | null> {
    const [row] = (await this.rows(executor, statement, parameters)) as SessionRow[];
    return row ?? null;
  }

  /** TypeORM gives `[rows, count]` for UPDATE and DELETE, and rows for everything else. */
  private async rows(
    executor: Executor,
    statement: string,
    parameters: unknown[],
  ): Promise<unknown[]> {
    const run = (): Promise<unknown[]> => executor.query<unknown[]>(statement, parameters);
    const result = await (executor === this.database ? againIfUndone(run) : run());
    return /^\s*(UPDATE|WITH cutoff)/.test(statement) ? (result[0] as unknown[]) : result;
  }
}

/**
 * The client's address as the row keeps it. That of a proxy stands for any network: the prefix /0 says so,
 * and people still see the address in their list.
 */
export function storedAddress({ ip, isProxyAddress = false }: RequestContext): string | null {
  return ip !== null && isProxyAddress ? `${ip}/0` : ip;
}

/** What the row keeps of the client that starts a session. */
function startingClient({ userAgent }: RequestContext): string | null {
  return storedUserAgent(clientLabel(userAgent));
}

/** The sessions of rows, 32 hex digits each. */
function sidsOf(rows: readonly unknown[]): string[] {
  return (rows as readonly { id: string }[]).map(({ id }) => id.replaceAll('-', ''));
}

/** Reads of sessions that share statements, each with a row of its own at most. */
function bySession<Answer>(
  read: (sids: readonly string[]) => Promise<readonly (readonly [id: string, answer: Answer])[]>,
): StatementBatcher<string, Answer> {
  return new StatementBatcher(async (sids) => {
    const found = new Map(
      (await read(sids)).map(([id, answer]) => [id.replaceAll('-', ''), answer] as const),
    );
    return new Map(sids.map((sid, n) => [n, found.get(sid)]));
  });
}

function withUser(row: SessionWithJson): SessionWithUser {
  return { ...row, user: row.user && toAuthUser(row.user) };
}

function toAuthUser(row: UserJson): AuthUser {
  return {
    id: row.id,
    username: row.username,
    password: row.password,
    isActive: row.is_active,
    isStaff: row.is_staff,
    tokenId: row.token_id,
  };
}
