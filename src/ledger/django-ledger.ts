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
import { UsersService } from '../users/users.service.js';
import * as sql from './django-sql.js';
import {
  RefreshTokenLedger,
  type ExtendOutcome,
  type IssuedToken,
  type PresentedToken,
  type Refusal,
  type SessionInfo,
  type SessionPage,
  type SpendOutcome,
} from './refresh-token-ledger.js';
import { cutPage, invalidCursor, type PageRequest } from './session-page.js';

interface ListedRow {
  readonly id: string;
  readonly jti: string;
  readonly created_at: Date | null;
  readonly expires_at: Date;
}

interface ExpiredRow {
  readonly id: string;
  readonly token: string;
  readonly expires_at: number;
}

interface EndStep {
  readonly last: string | null;
  readonly ended: number;
}

/**
 * The ledger in Django's own tables, so that a Django server can work beside this one. Unlike upstream, checking and
 * spending is one statement: a token has one successor, however many requests bring it (contract §7).
 */
@Injectable()
export class DjangoLedger extends RefreshTokenLedger {
  constructor(
    private readonly database: DataSource,
    private readonly settings: AuthSettings,
    private readonly tokens: TokensService,
    private readonly users: UserStore,
    private readonly rule: UserAuthenticationRule,
    private readonly clock: Clock,
    private readonly events: SecurityEvents,
  ) {
    super();
  }

  override problemsWith(): readonly string[] {
    return this.users instanceof UsersService
      ? []
      : [
          "overrides.userStore needs the session ledger: Django's token tables refer to auth_user. Example: ledger: 'sessions'",
        ];
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
    const rows = await this.rows(sql.ISSUE, [...this.times(issued), id, user.id, user.password]);
    if (rows.length === 0) return null;
    await this.endSurplus(String(user.id), context);
    return issued;
  }

  override async spend(presented: PresentedToken, context: RequestContext): Promise<SpendOutcome> {
    const checked = await this.check(presented, context);
    if (typeof checked === 'string') return { verdict: checked };
    const { rotateRefreshTokens, blacklistAfterRotation } = this.settings;
    if (!rotateRefreshTokens) return { verdict: 'kept' };
    const refresh = this.signed(this.tokens.rotatedClaims(presented.claims, this.tokens.now()));
    const id = this.tokens.idOf(refresh.claims);
    if (id === null) return { verdict: 'rotated', refresh };
    if (!blacklistAfterRotation) {
      const [token, createdAt, expiresAt] = this.times(refresh);
      await this.rows(sql.RECORD, [token, createdAt, expiresAt, checked.owner?.id ?? null, id]);
      return { verdict: 'rotated', refresh };
    }
    const won = await this.rows(sql.SPEND, [
      ...this.blacklisting(presented, checked.owner),
      ...this.times(refresh),
      id,
    ]);
    return won.length > 0 ? { verdict: 'rotated', refresh } : { verdict: 'blacklisted' };
  }

  override async extend(
    presented: PresentedToken,
    context: RequestContext,
  ): Promise<ExtendOutcome> {
    const checked = await this.check(presented, context);
    return { verdict: typeof checked === 'string' ? checked : 'extended' };
  }

  override async isRevoked(claims: Claims): Promise<boolean> {
    const id = this.tokens.idOf(claims);
    return id !== null && (await this.rows(sql.IS_BLACKLISTED, [id])).length > 0;
  }

  override async revoke(presented: PresentedToken): Promise<boolean> {
    return this.blacklist(presented, await this.ownerOf(presented.claims));
  }

  override async list(userId: string, page: PageRequest): Promise<SessionPage> {
    if (page.after !== null && !/^\d{1,18}$/.test(page.after)) throw invalidCursor();
    const rows = await this.rows<ListedRow>(sql.LIST, [userId, page.after, page.limit + 1]);
    return cutPage(rows, page, {
      info: sessionInfo,
      cursor: ({ id }) => id,
      count: async () => {
        const [row] = await this.rows<{ total: number }>(sql.COUNT, [userId]);
        return row?.total ?? 0;
      },
    });
  }

  override async end(userId: string, sessionId: string): Promise<boolean> {
    // Postgres cannot hold U+0000 in a text, nor would it compare it.
    if (sessionId.includes('\0')) return false;
    return (await this.rows(sql.END, [userId, sessionId])).length > 0;
  }

  override async endOthers(userId: string, keep: string | null): Promise<readonly string[]> {
    const ended: string[] = [];
    for (;;) {
      const rows = await this.rows<{ jti: string }>(sql.END_OTHERS, [userId, keep]);
      if (rows.length === 0) return ended;
      ended.push(...rows.map(({ jti }) => jti));
    }
  }

  override async endAll(): Promise<number> {
    let ended = 0;
    for (let after: string | null = '0'; after !== null;) {
      const parameters: unknown[] = [after];
      const [step] = await this.rows<EndStep>(sql.END_ALL, parameters);
      ended += step?.ended ?? 0;
      after = step?.last ?? null;
    }
    return ended;
  }

  override async flush(): Promise<number> {
    const now = this.clock.now() / 1000;
    let deleted = 0;
    for (let after = '0'; ;) {
      const rows = await this.rows<ExpiredRow>(sql.EXPIRED, [after, now]);
      const last = rows.at(-1);
      if (!last) return deleted;
      const ids = rows.filter((row) => this.lastUse(row) <= now).map((row) => row.id);
      if (ids.length > 0) await this.database.query(sql.FORGET, [ids]);
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
    if (tokenUser(this.tokens.userIdOf(presented.claims)).kind === 'none') return { owner: null };
    const owner = await this.ownerOf(presented.claims);
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
    const ended = await this.rows<{ jti: string }>(sql.END_SURPLUS, [userId, sessionsPerUser]);
    const ids = ended.map(({ jti }) => jti);
    const cause: Cause = { actor: `user:${userId}`, address: ip };
    await this.events.emit(null, sessionsEnded(ids, 'session_limit', cause));
  }

  private async blacklist(presented: PresentedToken, owner: AuthUser | null): Promise<boolean> {
    if (this.tokens.idOf(presented.claims) === null) return true;
    const rows = await this.rows(sql.BLACKLIST, this.blacklisting(presented, owner));
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

  /** The user of the token; null where it names none, or none that there is. */
  private async ownerOf(claims: Claims): Promise<AuthUser | null> {
    const named = tokenUser(this.tokens.userIdOf(claims));
    return named.kind === 'id' ? this.users.findByTokenId(named.id) : null;
  }

  private rows<Row>(statement: string, parameters: unknown[]): Promise<Row[]> {
    return againIfUndone(() => this.database.query<Row[]>(statement, parameters));
  }
}

/** The tables do not say where and by what a token was used. */
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
