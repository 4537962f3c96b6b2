import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { RequestContext } from '../common/request-context.js';
import { AuthSettings } from '../config/auth-settings.js';
import { StatementBatcher } from '../database/statement-batcher.js';
import { prepared, runPrepared } from '../database/prepared.js';
import { UserAuthenticationRule } from '../users/user-authentication-rule.js';
import { UserStore } from '../users/user-store.js';
import { storedUserAgent } from './domain/user-agent.js';
import { storedAddress, type CurrentToken } from './session-rows.js';
import { sessionSql } from './session-sql.js';

/** A refresh token that was presented, as the statement reads it. */
interface Presented {
  readonly id: string;
  readonly generation: number;
  readonly token_id: string;
  readonly password_digest: string | null;
  readonly ip: string | null;
  readonly user_agent: string | null;
}

/** A rotated session, and where in the batch it was presented. */
type Rotated = CurrentToken & { readonly n: number };

/** Rotates sessions, those of many requests in one statement. */
@Injectable()
export class Rotations {
  private readonly gathered: StatementBatcher<Presented, CurrentToken>;

  constructor(
    database: DataSource,
    settings: AuthSettings,
    rule: UserAuthenticationRule,
    users: UserStore,
  ) {
    const statement = prepared(sessionSql(users.table).rotate);
    const allowInactive = !settings.checkUserIsActive || rule.isCustom;
    this.gathered = new StatementBatcher<Presented, CurrentToken>(async (batch) => {
      const rows = await runPrepared<Rotated>(database, statement, [
        JSON.stringify(batch.map((presented, n) => ({ n, ...presented }))),
        settings.refreshTokenLifetime,
        allowInactive,
      ]);
      return new Map(rows.map(({ n, ...row }) => [n, row]));
    });
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
    return this.gathered.ask({
      id: session.sid,
      generation: session.generation,
      token_id: session.tokenId,
      password_digest: session.passwordDigest,
      ip: storedAddress(context),
      user_agent: storedUserAgent(context.userAgent),
    });
  }
}
