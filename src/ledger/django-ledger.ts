import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../common/clock.js';
import type { RequestContext } from '../common/request-context.js';
import { AuthSettings } from '../config/auth-settings.js';
import { againIfUndone } from '../database/again-if-undone.js';
import { sessionsEnded, type Cause } from '../events/domain/security-event.js';
import { SecurityEvents } from '../events/security-events.js';
import { isInstant } from '../tokens/domain/claims.js';
import { parseCompact, type Claims } from '../tokens/domain/compact.js';
import { tokenUser } from '../tokens/domain/user-id.js';
import { TokensService, type TokenSubject } from '../tokens/tokens.service.js';
import { UserAuthenticationRule } from '../users/user-authentication-rule.js';
import { UserStore, type AuthUser } from '../users/user-store.js';
import { IS_BLACKLISTED } from './blacklist-sql.js';
import { DjangoSessionList, LIVE_TOKENS } from './django-session-list.js';
import {
  RefreshTokenLedger,
  type ExtendOutcome,
  type IssuedToken,
  type PresentedToken,
  type Refusal,
  type SessionPage,
  type SpendOutcome,
} from './refresh-token-ledger.js';
import type { PageRequest } from './session-page.js';

/** Nothing is inserted when the user changed since the password was verified: the row itself is asked again. */
const ISSUE = `
  INSERT INTO token_blacklist_outstandingtoken (token, created_at, expires_at, user_id, jti)
  SELECT $1, to_timestamp($2), to_timestamp($3), u.id, $4
  FROM auth_user u WHERE u.id = $5 AND u.password = $6 AND u.is_active
  FOR SHARE
  RETURNING id`;

const RECORD = `
  INSERT INTO token_blacklist_outstandingtoken (token, created_at, expires_at, user_id, jti)
  VALUES ($1, to_timestamp($2), to_timestamp($3), (SELECT id FROM auth_user WHERE id = $4), $5)`;

/**
 * Records the token if it is unknown and puts it on the blacklist. `ON CONFLICT … DO UPDATE` locks its row, so that of
 * several simultaneous calls exactly one gets past the unique `token_id`; the others see no row in `spent`.
 */
const SPENT = `
  WITH known AS (${RECORD}
    ON CONFLICT (jti) DO UPDATE SET jti = EXCLUDED.jti RETURNING id),
  spent AS (
    INSERT INTO token_blacklist_blacklistedtoken (blacklisted_at, token_id)
    SELECT to_timestamp($6), id FROM known
    ON CONFLICT (token_id) DO NOTHING
    RETURNING token_id)`;

const BLACKLIST = `${SPENT} SELECT token_id FROM spent`;

/** The successor's row is written only by the call that won, in the same statement. */
const SPEND = `${SPENT}
  INSERT INTO token_blacklist_outstandingtoken (token, created_at, expires_at, user_id, jti)
  SELECT $7, to_timestamp($8), to_timestamp($9), (SELECT id FROM auth_user WHERE id = $4), $10
  FROM spent
  RETURNING id`;

/**
 * One pass over the live tokens of a user. A row that a refresh under way is just blacklisting is waited for; its
 * successor, which this pass could not see, is live in the next one.
 */
const END_ALL = `
  WITH live AS (
    SELECT o.id, o.jti FROM ${LIVE_TOKENS}
      AND o.jti IS DISTINCT FROM $2),
  ended AS (
    INSERT INTO token_blacklist_blacklistedtoken (blacklisted_at, token_id)
    SELECT now(), id FROM live
    ON CONFLICT (token_id) DO NOTHING)
  SELECT jti FROM live`;

const END = `
  INSERT INTO token_blacklist_blacklistedtoken (blacklisted_at, token_id)
  SELECT now(), o.id FROM token_blacklist_outstandingtoken o
  WHERE o.user_id = $1::integer AND o.expires_at > now()`;

/** One step along the primary key, over everything that is not on the blacklist: a sliding token outlives its row. */
const END_EVERYTHING = `
  WITH live AS (
    SELECT o.id FROM token_blacklist_outstandingtoken o
    LEFT JOIN token_blacklist_blacklistedtoken b ON b.token_id = o.id
    WHERE o.id > $1 AND b.id IS NULL ORDER BY o.id LIMIT 1000),
  ended AS (
    INSERT INTO token_blacklist_blacklistedtoken (blacklisted_at, token_id)
    SELECT now(), id FROM live
    ON CONFLICT (token_id) DO NOTHING RETURNING token_id)
  SELECT (SELECT max(id)::text FROM live) AS last, (SELECT count(*)::int FROM ended) AS ended`;

const ENDED = 'ON CONFLICT (token_id) DO NOTHING RETURNING token_id';

/** One step of the flush: walks the primary key, so that it never reads the table twice. */
const EXPIRED = `
  SELECT id, token, extract(epoch FROM expires_at)::float8 AS expires_at
  FROM token_blacklist_outstandingtoken
  WHERE id > $1 AND expires_at <= to_timestamp($2)
  ORDER BY id LIMIT 1000`;

const FORGET = `
  WITH entries AS (DELETE FROM token_blacklist_blacklistedtoken WHERE token_id = ANY($1::bigint[]))
  DELETE FROM token_blacklist_outstandingtoken WHERE id = ANY($1::bigint[])`;

interface ExpiredRow {
  readonly id: string;
  readonly token: string;
  readonly expires_at: number;
}

/**
 * The ledger in Django's own tables, so that a Django server can work beside this one. Unlike upstream, checking and
 * spending is one statement: a token has one successor, however many requests bring it (contract §7).
 */
@Injectable()
export class DjangoLedger extends RefreshTokenLedger {
  constructor(
    private readonly database: DataSource,
    private readonly sessions: DjangoSessionList,
    private readonly settings: AuthSettings,
    private readonly tokens: TokensService,
    private readonly users: UserStore,
    private readonly rule: UserAuthenticationRule,
    private readonly clock: Clock,
    private readonly events: SecurityEvents,
  ) {
    super();
  }

  override async issue(
    kind: 'refresh' | 'sliding',
    user: AuthUser & TokenSubject,
    context: RequestContext,
  ): Promise<IssuedToken | null> {
    const now = this.tokens.now();
    const issued = this.signed(
      kind === 'refresh'
        ? this.tokens.refreshClaims(user, now)
        : this.tokens.slidingClaims(user, now),
    );
    const id = this.tokens.idOf(issued.claims);
    if (id === null) return issued;
    const rows = await this.rows(ISSUE, [...this.times(issued), id, user.id, user.password]);
    if (rows.length === 0) return null;
    await this.endSurplus(String(user.id), context);
    return issued;
  }

  override async spend(presented: PresentedToken, context: RequestContext): Promise<SpendOutcome> {
    const checked = await this.check(presented, context);
    if (typeof checked === 'string') return { verdict: 'refused', reason: checked };
    const { rotateRefreshTokens, blacklistAfterRotation } = this.settings;
    if (!rotateRefreshTokens) return { verdict: 'kept' };
    const refresh = this.signed(this.tokens.rotatedClaims(presented.claims, this.tokens.now()));
    const id = this.tokens.idOf(refresh.claims);
    if (id === null) return { verdict: 'rotated', refresh };
    if (!blacklistAfterRotation) {
      const [token, createdAt, expiresAt] = this.times(refresh);
      await this.rows(RECORD, [token, createdAt, expiresAt, checked.owner?.id ?? null, id]);
      return { verdict: 'rotated', refresh };
    }
    const won = await this.rows(SPEND, [
      ...this.blacklisting(presented, checked.owner),
      ...this.times(refresh),
      id,
    ]);
    return won.length > 0
      ? { verdict: 'rotated', refresh }
      : { verdict: 'refused', reason: 'blacklisted' };
  }

  override async extend(
    presented: PresentedToken,
    context: RequestContext,
  ): Promise<ExtendOutcome> {
    const checked = await this.check(presented, context);
    return typeof checked === 'string'
      ? { verdict: 'refused', reason: checked }
      : { verdict: 'extended' };
  }

  override async isRevoked(claims: Claims): Promise<boolean> {
    const id = this.tokens.idOf(claims);
    return id !== null && (await this.rows(IS_BLACKLISTED, [id])).length > 0;
  }

  override async revoke(presented: PresentedToken): Promise<boolean> {
    const user = tokenUser(this.tokens.userIdOf(presented.claims));
    const owner = user.kind === 'id' ? await this.users.findByTokenId(user.id) : null;
    return this.blacklist(presented, owner);
  }

  override list(userId: string, page: PageRequest): Promise<SessionPage> {
    return this.sessions.page(userId, page);
  }

  override async end(userId: string, sessionId: string): Promise<boolean> {
    // Postgres cannot hold U+0000 in a text, nor would it compare it.
    if (sessionId.includes('\0')) return false;
    return (await this.rows(`${END} AND o.jti = $2 ${ENDED}`, [userId, sessionId])).length > 0;
  }

  override async endOthers(userId: string, keep: string | null): Promise<readonly string[]> {
    const ended: string[] = [];
    for (;;) {
      const rows = (await this.rows(END_ALL, [userId, keep])) as { jti: string }[];
      if (rows.length === 0) return ended;
      ended.push(...rows.map(({ jti }) => jti));
    }
  }

  override async endAll(): Promise<number> {
    let ended = 0;
    for (let after: string | null = '0'; after !== null;) {
      const [step] = (await this.rows(END_EVERYTHING, [after])) as [
        { last: string | null; ended: number },
      ];
      ended += step.ended;
      after = step.last;
    }
    return ended;
  }

  override async flush(): Promise<number> {
    const now = this.clock.now() / 1000;
    let deleted = 0;
    for (let after = '0'; ;) {
      const rows = (await this.rows(EXPIRED, [after, now])) as ExpiredRow[];
      const last = rows.at(-1);
      if (!last) return deleted;
      const ids = rows.filter((row) => this.lastUse(row) <= now).map((row) => row.id);
      if (ids.length > 0) await this.database.query(FORGET, [ids]);
      deleted += ids.length;
      after = last.id;
    }
  }

  /** The order of contract §7: token, user, active, digest. */
  private async check(
    presented: PresentedToken,
    { ip }: RequestContext,
  ): Promise<Refusal | { owner: AuthUser | null }> {
    if (await this.isRevoked(presented.claims)) return 'blacklisted';
    const named = tokenUser(this.tokens.userIdOf(presented.claims));
    if (named.kind === 'none') return { owner: null };
    const owner = named.kind === 'id' ? await this.users.findByTokenId(named.id) : null;
    if (!(await this.rule.allows(owner))) return 'no_account';
    if (owner && !this.tokens.passwordIsCurrent(presented.claims, owner.password)) {
      await this.blacklist(presented, owner);
      const id = this.tokens.idOf(presented.claims) ?? '';
      const cause: Cause = { actor: `session:${id}`, address: ip };
      await this.events.emit(null, sessionsEnded([id], 'password_changed', cause));
      return 'password_changed';
    }
    return { owner };
  }

  /** `SESSIONS_PER_USER`: the least recently used go. */
  private async endSurplus(userId: string, { ip }: RequestContext): Promise<void> {
    const { sessionsPerUser } = this.settings;
    if (sessionsPerUser === null) return;
    const ended = await this.sessions.endSurplus(userId, sessionsPerUser);
    const cause: Cause = { actor: `user:${userId}`, address: ip };
    await this.events.emit(null, sessionsEnded(ended, 'session_limit', cause));
  }

  private async blacklist(presented: PresentedToken, owner: AuthUser | null): Promise<boolean> {
    if (this.tokens.idOf(presented.claims) === null) return true;
    const rows = await this.rows(BLACKLIST, this.blacklisting(presented, owner));
    return rows.length > 0;
  }

  private blacklisting(presented: PresentedToken, owner: AuthUser | null): unknown[] {
    return [
      ...this.times(presented),
      owner?.id ?? null,
      this.tokens.idOf(presented.claims),
      this.clock.now() / 1000,
    ];
  }

  /** Text, time of issue with fraction, and end of a token, for its row (contract §14). */
  private times({ token, claims }: PresentedToken): [string, number, unknown] {
    return [token, this.clock.now() / 1000, claims['exp']];
  }

  /** When a recorded token can be used for the last time: a sliding one may have been extended since. */
  private lastUse(row: ExpiredRow): number {
    const { slidingTokenRefreshExpClaim, slidingTokenLifetime, leeway } = this.settings;
    const end = parseCompact(row.token)?.claims[slidingTokenRefreshExpClaim];
    return (isInstant(end) ? end + slidingTokenLifetime + leeway : row.expires_at) + leeway;
  }

  private signed(claims: Claims): IssuedToken {
    return { claims, token: this.tokens.sign(claims) };
  }

  private async rows(statement: string, parameters: unknown[]): Promise<unknown[]> {
    return againIfUndone(() => this.database.query<unknown[]>(statement, parameters));
  }
}
