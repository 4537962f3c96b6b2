import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { RequestContext } from '../common/request-context.js';
import { AuthSettings } from '../config/auth-settings.js';
import { prepared, runPrepared, type Prepared } from '../database/prepared.js';
import { UserAuthenticationRule } from '../users/user-authentication-rule.js';
import { UserStore } from '../users/user-store.js';
import { sessionSql } from './session-sql.js';
import { storedUserAgent, type CurrentToken } from './session-rows.js';

/** Statements that run at once. While they do, what arrives is gathered for the next one. */
const CONCURRENCY = 2;
/** Rotations in one statement at most. */
const LARGEST_BATCH = 64;

/** A refresh token that was presented, as the statement reads it. */
interface Presented {
  readonly id: string;
  readonly generation: number;
  readonly token_id: string;
  readonly password_digest: string | null;
  readonly ip: string | null;
  readonly user_agent: string | null;
}

interface Waiting {
  readonly presented: Presented;
  readonly resolve: (row: CurrentToken | null) => void;
  readonly reject: (error: unknown) => void;
}

/** A rotated session, and where in the batch it was presented. */
type Rotated = CurrentToken & { readonly n: number };

/**
 * Rotates sessions, those of many requests in one statement: what arrives in one turn of the event loop, or while the
 * statements before are on their way, shares the round trip and the commit. A request on its own does not wait.
 */
@Injectable()
export class Rotations {
  private readonly statement: Prepared;
  private readonly allowInactive: boolean;
  private waiting: Waiting[] = [];
  private running = 0;
  private isScheduled = false;

  constructor(
    private readonly database: DataSource,
    private readonly settings: AuthSettings,
    rule: UserAuthenticationRule,
    users: UserStore,
  ) {
    this.statement = prepared(sessionSql(users.table).rotate);
    this.allowInactive = !settings.checkUserIsActive || rule.isCustom;
  }

  /**
   * The rotated session when the presented generation is the current one and all is well. Null also means that somebody
   * else holds the row: whoever gets it has to look.
   *
   * @param passwordDigest - what the stored password's digest must be; null when it is not looked at
   */
  rotate(
    session: { sid: string; generation: number; tokenId: string; passwordDigest: string | null },
    context: RequestContext,
  ): Promise<CurrentToken | null> {
    const presented = {
      id: session.sid,
      generation: session.generation,
      token_id: session.tokenId,
      password_digest: session.passwordDigest,
      ip: context.ip,
      user_agent: storedUserAgent(context),
    };
    return new Promise((resolve, reject) => {
      this.waiting.push({ presented, resolve, reject });
      this.schedule();
    });
  }

  private schedule(): void {
    if (this.isScheduled || this.running >= CONCURRENCY) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      while (this.waiting.length > 0 && this.running < CONCURRENCY) {
        void this.run(this.waiting.splice(0, LARGEST_BATCH));
      }
    });
  }

  private async run(batch: readonly Waiting[]): Promise<void> {
    this.running += 1;
    try {
      const rows = await this.execute(batch);
      for (const row of rows) batch[row.n]?.resolve(row);
      // To those that have been resolved this says nothing more.
      for (const { resolve } of batch) resolve(null);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      this.running -= 1;
      if (this.waiting.length > 0) this.schedule();
    }
  }

  private execute(batch: readonly Waiting[]): Promise<Rotated[]> {
    const presented = batch.map((one, n) => ({ n, ...one.presented }));
    return runPrepared<Rotated>(this.database, this.statement, [
      JSON.stringify(presented),
      this.settings.refreshTokenLifetime,
      this.allowInactive,
    ]);
  }
}
