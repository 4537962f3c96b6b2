import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { RequestContext } from '../common/request-context.js';
import { AuthSettings } from '../config/auth-settings.js';
import { againIfUndone } from '../database/again-if-undone.js';
import { StatementBatcher } from '../database/statement-batcher.js';
import { prepared, runPrepared, type Prepared } from '../database/prepared.js';
import { UserAuthenticationRule } from '../users/user-authentication-rule.js';
import { UserStore, type AuthUser } from '../users/user-store.js';
import { clientLabel } from './client-label.js';
import { IS_BLACKLISTED } from './django-sql.js';
import {
  sidOf,
  toAuthUser,
  withUser,
  type CurrentToken,
  type SessionRow,
  type SessionWithJson,
  type SessionWithUser,
} from './session-row.js';
import { CUT_OFF, END_STEP, sessionSql, type SessionSql } from './session-sql.js';
import { storedUserAgent } from './domain/user-agent.js';
import type { Generations } from './domain/verdict.js';

/** A refresh token of another issuer, of which a session is made. */
export interface ForeignToken {
  /** Null when the token's user does not exist: such a session can only be ended. */
  readonly userId: string | null;
  readonly tokenId: string;
  /** NumericDate; null when the token does not say. */
  readonly issuedAt: number | null;
  readonly expiresAt: number;
  /** Why the session is dead from the start; null for a live one. */
  readonly endedBecause: string | null;
}

/** What the guard remembers of a live session. */
export interface SessionFacts {
  readonly user: AuthUser;
  /** Absolute end, seconds since the epoch; null for none. */
  readonly endsAt: number | null;
}

/** A refresh token that is presented as the current one of its session. */
export interface PresentedAsCurrent {
  readonly sid: string;
  readonly generation: number;
  /** The user id claim, as text. */
  readonly tokenId: string;
  /** What the digest of the stored password must be; null when the password is not looked at. */
  readonly passwordDigest: string | null;
}

type FactsRow = Pick<SessionWithJson, 'id' | 'user' | 'ends_at'>;

/** A rotated session, and where in the batch its token was presented. */
type RotatedRow = CurrentToken & { readonly n: number };

/** One step along the primary key: the last row that it has looked at, and how many it has changed. */
interface Step {
  readonly last: string | null;
  readonly count: number;
}

/** Before every session in the order of the primary key. */
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** Something that runs statements: the pool, or one transaction. */
type Executor = Pick<EntityManager, 'query'>;

/** The statements of the session ledger with their parameters. No decision is made here. */
@Injectable()
export class SessionRepository {
  private readonly sql: SessionSql;
  private readonly finding: StatementBatcher<string, SessionWithUser>;
  private readonly findingFacts: StatementBatcher<string, SessionFacts>;
  private readonly rotating: StatementBatcher<object, CurrentToken>;
  private readonly issuing: Prepared;

  constructor(
    readonly database: DataSource,
    private readonly settings: AuthSettings,
    users: UserStore,
    rule: UserAuthenticationRule,
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
    const rotate = prepared(this.sql.rotate);
    const mayBeInactive = !settings.checkUserIsActive || rule.isCustom;
    this.rotating = new StatementBatcher(async (batch) => {
      const rows = await runPrepared<RotatedRow>(database, rotate, [
        JSON.stringify(batch.map((presented, n) => ({ n, ...presented }))),
        settings.refreshTokenLifetime,
        mayBeInactive,
      ]);
      return new Map(rows.map(({ n, ...row }) => [n, row]));
    });
    this.issuing = prepared(this.sql.issue);
  }

  /** The new session, or null when the user is not the one any more whose password was verified. */
  async issue(
    sid: string,
    user: AuthUser,
    session: { isSliding: boolean; lifetime: number },
    context: RequestContext,
  ): Promise<SessionRow | null> {
    const [row] = await runPrepared<SessionRow>(this.database, this.issuing, [
      sid,
      session.isSliding,
      session.lifetime,
      this.settings.sessionMaxLifetime,
      storedAddress(context),
      storedUserAgent(context.userAgent),
      user.id,
      user.password,
      startingClient(context),
    ]);
    return row ?? null;
  }

  /**
   * Rotates the session when the presented generation is the current one and all is well; rotations of many requests
   * share a statement. Null also means that another transaction holds the row: then the caller has to look at it.
   */
  rotate(presented: PresentedAsCurrent, context: RequestContext): Promise<CurrentToken | null> {
    return this.rotating.ask({
      id: presented.sid,
      generation: presented.generation,
      token_id: presented.tokenId,
      password_digest: presented.passwordDigest,
      ip: storedAddress(context),
      user_agent: storedUserAgent(context.userAgent),
    });
  }

  find(sid: string): Promise<SessionWithUser | null> {
    return this.finding.ask(sid);
  }

  /** The session, locked until the transaction ends. */
  async lock(transaction: Executor, sid: string): Promise<SessionWithUser | null> {
    const [row] = await this.rows<SessionWithJson>(transaction, this.sql.lock, [sid]);
    return row ? withUser(row) : null;
  }

  /** Writes the next generation of a session that is locked. */
  async advance(
    transaction: Executor,
    sid: string,
    next: Generations,
    context: RequestContext,
  ): Promise<SessionRow | null> {
    const [row] = await this.rows<SessionRow>(transaction, this.sql.advance, [
      sid,
      next.generation,
      next.parentGeneration,
      next.supersededAt,
      this.settings.refreshTokenLifetime,
      storedAddress(context),
      storedUserAgent(context.userAgent),
      next.hasRecoveredLate ? next.parentGeneration : null,
    ]);
    return row ?? null;
  }

  /** Whether this call ended the session. */
  async end(sid: string, reason: string, executor: Executor = this.database): Promise<boolean> {
    return (await this.rows(executor, this.sql.end, [sid, reason])).length > 0;
  }

  /** Makes the session of another issuer's token, unless it is there or the token is blacklisted in Django's tables. */
  async adopt(sid: string, foreign: ForeignToken, context: RequestContext): Promise<boolean> {
    const rows = await this.rows(this.database, this.sql.adopt, [
      sid,
      foreign.userId,
      foreign.expiresAt,
      this.settings.sessionMaxLifetime,
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

  /** Whether this user has such a live session; it is ended then. */
  async endOne(sid: string, userId: string, reason: string): Promise<boolean> {
    return (await this.rows(this.database, this.sql.endOne, [sid, userId, reason])).length > 0;
  }

  /** Ends all live sessions of a user but one, or all with null, and returns those that it has ended. */
  async endOthers(userId: string, keep: string | null, reason: string): Promise<string[]> {
    const ended = await this.rows<{ id: string }>(this.database, this.sql.endOthers, [
      userId,
      keep,
      reason,
    ]);
    return ended.map(sidOf);
  }

  /**
   * Ends every session that was there at the beginning; tokens of another issuer from before are adopted no more. Returns
   * how many sessions it has ended.
   */
  async endAll(): Promise<number> {
    await this.database.query(CUT_OFF);
    // After the cutoff: nothing that is adopted meanwhile is later than both.
    const [beginning] = await this.database.query<{ at: string }[]>(
      'SELECT clock_timestamp()::text AS at',
    );
    return this.inSteps(END_STEP, beginning?.at);
  }

  /** Deletes what ended longer than `keep` seconds ago. Returns how many rows it has deleted. */
  flush(keep: number): Promise<number> {
    return this.inSteps(this.sql.flush, keep);
  }

  private async inSteps(statement: string, parameter: unknown): Promise<number> {
    let count = 0;
    for (let after: string | null = FIRST_ID; after !== null;) {
      const parameters: unknown[] = [after, parameter];
      const [step] = await this.rows<Step>(this.database, statement, parameters);
      count += step?.count ?? 0;
      after = step?.last ?? null;
    }
    return count;
  }

  /** TypeORM gives `[rows, count]` for UPDATE and DELETE, and rows for everything else. */
  private async rows<Row>(
    executor: Executor,
    statement: string,
    parameters: unknown[],
  ): Promise<Row[]> {
    const run = (): Promise<Row[]> => executor.query<Row[]>(statement, parameters);
    const result = await (executor === this.database ? againIfUndone(run) : run());
    return /^\s*(UPDATE|WITH cutoff)/.test(statement) ? (result[0] as Row[]) : result;
  }
}

/**
 * The client's address as the row keeps it. That of a proxy stands for any network: the prefix /0 says so,
 * and people still see the address in their list.
 */
function storedAddress({ ip, isProxyAddress = false }: RequestContext): string | null {
  return ip !== null && isProxyAddress ? `${ip}/0` : ip;
}

/** What the row keeps of the client that starts a session. */
function startingClient({ userAgent }: RequestContext): string | null {
  return storedUserAgent(clientLabel(userAgent));
}

/** Reads of sessions that share statements, each with a row of its own at most. */
function bySession<Answer>(
  read: (sids: readonly string[]) => Promise<readonly (readonly [id: string, answer: Answer])[]>,
): StatementBatcher<string, Answer> {
  return new StatementBatcher(async (sids) => {
    const found = new Map(
      (await read(sids)).map(([id, answer]) => [sidOf({ id }), answer] as const),
    );
    return new Map(sids.map((sid, n) => [n, found.get(sid)]));
  });
}
