import { Injectable } from '@nestjs/common';
import { DataSource, type MigrationInterface, type QueryRunner } from 'typeorm';
import {
  RefreshTokenLedger,
  TokensService,
  UserAuthenticationRule,
  UserStore,
  type AuthUser,
  type Claims,
  type ExtendOutcome,
  type IssuedToken,
  type PageRequest,
  type PresentedToken,
  type Refusal,
  type SessionPage,
  type SpendOutcome,
} from '../../../src/index.js';

export class StrictTokens1700000001000 implements MigrationInterface {
  readonly name = 'StrictTokens1700000001000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE strict_token (
        jti text PRIMARY KEY,
        user_id text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        expires_at timestamptz NOT NULL,
        ended_at timestamptz
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE strict_token');
  }
}

/** The row lock on the user waits for a password change that is under way. */
const ISSUE = `
  INSERT INTO strict_token (jti, user_id, expires_at)
  SELECT $1, u.id::text, to_timestamp($2) FROM auth_user u
  WHERE u.id = $3 AND u.password = $4 AND u.is_active FOR SHARE
  RETURNING jti`;

/** The row lock lets one of several calls end the token; only that one writes the successor. */
const SPEND = `
  WITH spent AS (
    UPDATE strict_token SET ended_at = now() WHERE jti = $1 AND ended_at IS NULL RETURNING user_id)
  INSERT INTO strict_token (jti, user_id, expires_at)
  SELECT $2, user_id, to_timestamp($3) FROM spent
  RETURNING jti`;

const END = `
  WITH ended AS (
    UPDATE strict_token SET ended_at = now()
    WHERE ended_at IS NULL AND expires_at > now() AND`;

const LIVE = 'FROM strict_token WHERE user_id = $1 AND ended_at IS NULL AND expires_at > now()';

const LIST = `
  SELECT jti, created_at, expires_at ${LIVE} AND ($2::text IS NULL OR (created_at, jti) < (
    SELECT created_at, jti FROM strict_token WHERE jti = $2))
  ORDER BY created_at DESC, jti DESC LIMIT $3`;

const COUNT = `SELECT count(*)::int AS count ${LIVE}`;

interface ListedRow {
  readonly jti: string;
  readonly created_at: Date;
  readonly expires_at: Date;
}

const FLUSH = `
  WITH gone AS (
    DELETE FROM strict_token WHERE jti IN (
      SELECT jti FROM strict_token WHERE expires_at <= now() LIMIT 1000)
    RETURNING jti)
  SELECT count(*)::int AS count FROM gone`;

/** A ledger of a host's own: each refresh token is good once, and nothing is ever replayed. */
@Injectable()
export class StrictLedger extends RefreshTokenLedger {
  constructor(
    private readonly database: DataSource,
    private readonly tokens: TokensService,
    private readonly users: UserStore,
    private readonly rule: UserAuthenticationRule,
  ) {
    super();
  }

  override async issue(kind: 'refresh' | 'sliding', user: AuthUser): Promise<IssuedToken | null> {
    const now = this.tokens.now();
    const issued = this.signed(
      kind === 'refresh'
        ? this.tokens.refreshClaims(user, now)
        : this.tokens.slidingClaims(user, now),
    );
    const rows = await this.rows(ISSUE, [...this.identity(issued), user.id, user.password]);
    return rows.length > 0 ? issued : null;
  }

  override async spend(presented: PresentedToken): Promise<SpendOutcome> {
    const reason = await this.problem(presented.claims);
    if (reason !== null) return { verdict: reason };
    const refresh = this.signed(this.tokens.rotatedClaims(presented.claims, this.tokens.now()));
    const id = this.tokens.idOf(presented.claims);
    const won = await this.rows(SPEND, [id, ...this.identity(refresh)]);
    return won.length > 0 ? { verdict: 'rotated', refresh } : { verdict: 'blacklisted' };
  }

  override async extend(presented: PresentedToken): Promise<ExtendOutcome> {
    const reason = await this.problem(presented.claims);
    return { verdict: reason ?? 'extended' };
  }

  override async isRevoked(claims: Claims): Promise<boolean> {
    const live = 'SELECT FROM strict_token WHERE jti = $1 AND ended_at IS NULL';
    return (await this.rows(live, [this.tokens.idOf(claims)])).length === 0;
  }

  override revoke(presented: PresentedToken): Promise<boolean> {
    return this.ends('jti = $1', [this.tokens.idOf(presented.claims)]);
  }

  override async list(userId: string, { limit, after }: PageRequest): Promise<SessionPage> {
    // One more than asked for tells whether there is another page.
    const rows = await this.rows<ListedRow>(LIST, [userId, after, limit + 1]);
    const [counted] = await this.rows<{ count: number }>(COUNT, [userId]);
    const shown = rows.slice(0, limit);
    return {
      sessions: shown.map((row) => ({
        id: row.jti,
        createdAt: row.created_at,
        lastUsedAt: null,
        expiresAt: row.expires_at,
        ip: null,
        userAgent: null,
        createdIp: null,
        createdClient: null,
      })),
      total: counted?.count ?? 0,
      next: rows.length > limit ? (shown.at(-1)?.jti ?? null) : null,
    };
  }

  override async end(userId: string, sessionId: string): Promise<boolean> {
    if (sessionId.includes('\0')) return false;
    return this.ends('user_id = $1 AND jti = $2', [userId, sessionId]);
  }

  override endOthers(userId: string, keep: string | null): Promise<string[]> {
    return this.ended('user_id = $1 AND jti IS DISTINCT FROM $2', [userId, keep]);
  }

  override async endAll(): Promise<number> {
    const ended = await this.rows(`${END} true RETURNING jti) SELECT jti FROM ended`, []);
    return ended.length;
  }

  override async flush(): Promise<number> {
    for (let deleted = 0; ;) {
      const [step] = await this.rows<{ count: number }>(FLUSH, []);
      if (!step?.count) return deleted;
      deleted += step.count;
    }
  }

  private async problem(claims: Claims): Promise<Refusal | null> {
    if (await this.isRevoked(claims)) return 'blacklisted';
    const user = await this.users.findByTokenId(String(this.tokens.userIdOf(claims)));
    return (await this.rule.allows(user)) ? null : 'no_account';
  }

  private async ends(condition: string, parameters: unknown[]): Promise<boolean> {
    return (await this.ended(condition, parameters)).length > 0;
  }

  private async ended(condition: string, parameters: unknown[]): Promise<string[]> {
    const ended = await this.rows<{ jti: string }>(
      `${END} ${condition} RETURNING jti) SELECT jti FROM ended`,
      parameters,
    );
    return ended.map(({ jti }) => jti);
  }

  private identity({ claims }: IssuedToken): unknown[] {
    return [this.tokens.idOf(claims), claims['exp']];
  }

  private signed(claims: Claims): IssuedToken {
    return { claims, token: this.tokens.sign(claims) };
  }

  private rows<Row>(statement: string, parameters: unknown[]): Promise<Row[]> {
    return this.database.query<Row[]>(statement, parameters);
  }
}
