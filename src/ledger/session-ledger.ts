import { randomBytes } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import type { RequestContext } from '../common/request-context.js';
import { AuthSettings } from '../config/auth-settings.js';
import type { Claims } from '../tokens/domain/compact.js';
import { SlidingToken, RefreshToken } from '../tokens/domain/token-kind.js';
import { tokenUser } from '../tokens/domain/user-id.js';
import { TokensService, type TokenSubject } from '../tokens/tokens.service.js';
import { UserAuthenticationRule } from '../users/user-authentication-rule.js';
import { UserStore, type AuthUser } from '../users/user-store.js';
import { networkOf } from './domain/network.js';
import {
  GENERATION_CLAIM,
  SESSION_CLAIM,
  sessionIdOf,
  sessionReference,
  type SessionReference,
} from './domain/session-claims.js';
import { refreshTokenId } from './domain/successor.js';
import { judgeRefresh, type RefreshVerdict } from './domain/verdict.js';
import {
  RefreshTokenLedger,
  type ExtendOutcome,
  type IssuedToken,
  type PresentedToken,
  type Refusal,
  type SessionInfo,
  type SpendOutcome,
} from './refresh-token-ledger.js';
import { Rotations } from './rotations.js';
import {
  SessionRows,
  storedUserAgent,
  type CurrentToken,
  type SessionRow,
  type SessionWithUser,
} from './session-rows.js';

/** Who presents a token, and whether a rule of the host refuses the user. */
interface Bearer {
  readonly claims: Claims;
  readonly tokenId: string;
  readonly isRuledOut: boolean;
}

const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/**
 * One row for each log-in; refresh tokens are recomputed from it and never stored (design §3). An honest client is not
 * logged out by lost answers, duplicates and retries; a spent token in other hands ends the session.
 */
@Injectable()
export class SessionLedger extends RefreshTokenLedger {
  private readonly logger = new Logger('SessionLedger');

  constructor(
    private readonly rows: SessionRows,
    private readonly rotations: Rotations,
    private readonly settings: AuthSettings,
    private readonly tokens: TokensService,
    private readonly users: UserStore,
    private readonly rule: UserAuthenticationRule,
  ) {
    super();
  }

  override async issue(
    kind: 'refresh' | 'sliding',
    user: AuthUser & TokenSubject,
    context: RequestContext,
  ): Promise<IssuedToken | null> {
    const { settings } = this;
    const sid = randomBytes(16).toString('hex');
    const isSliding = kind === 'sliding';
    const lifetime = isSliding
      ? settings.slidingTokenRefreshLifetime + settings.slidingTokenLifetime
      : settings.refreshTokenLifetime;
    const maxLifetime = settings.sessionMaxLifetime;
    const row = await this.rows.issue(sid, user, { isSliding, lifetime, maxLifetime }, context);
    if (row === null) return null;
    const now = Math.floor(row.rotated_at);
    return isSliding
      ? this.signed(this.slidingClaims(this.tokens.slidingClaims(user, now), sid, row))
      : this.signed(this.refreshClaims(this.tokens.refreshClaims(user, now), sid, row));
  }

  override async spend(presented: PresentedToken, context: RequestContext): Promise<SpendOutcome> {
    const { claims } = presented;
    const reference = this.referenceOf(claims);
    const named = tokenUser(this.tokens.userIdOf(claims));
    if (reference === null || named.kind !== 'id') return refused('invalid');
    if (reference.isForeign && (await this.isListed(claims))) return refused('blacklisted');
    const isRuledOut = await this.isRuledOut(named.id);
    if (this.settings.rotateRefreshTokens && !isRuledOut) {
      const passwordDigest = this.tokens.passwordDigestOf(claims);
      const { sid, generation } = reference;
      const session = { sid, generation, tokenId: named.id, passwordDigest };
      const row = await this.rotations.rotate(session, context);
      if (row) return this.answer('rotated', claims, reference.sid, row);
    }
    if (reference.isForeign) await this.adopt(reference.sid, named.id, claims, context);
    const bearer = { claims, tokenId: named.id, isRuledOut };
    if (!this.settings.rotateRefreshTokens && (await this.isKept(bearer, reference, context))) {
      return { verdict: 'kept' };
    }
    return this.judge(bearer, reference, context);
  }

  override async extend(
    presented: PresentedToken,
    context: RequestContext,
  ): Promise<ExtendOutcome> {
    const sid = sessionIdOf(presented.claims);
    const named = tokenUser(this.tokens.userIdOf(presented.claims));
    if (sid === null || named.kind !== 'id') return refused('invalid');
    const row = await this.rows.find(sid);
    if (row === null || !isLive(row) || !row.is_sliding) return refused('session_ended');
    const problem = this.userProblem(row.user, {
      claims: presented.claims,
      tokenId: named.id,
      isRuledOut: await this.isRuledOut(named.id),
    });
    if (problem !== null) {
      if (problem === 'password_changed') await this.rows.end(this.rows.database, sid, problem);
      return refused(problem);
    }
    await this.rows.touch(sid, context);
    return { verdict: 'extended' };
  }

  /** Of an access token no session is looked at (design §3). */
  override async isRevoked(claims: Claims): Promise<boolean> {
    const type = this.tokens.typeOf(claims);
    if (type === SlidingToken.type) {
      const sid = sessionIdOf(claims);
      const row = sid && (await this.rows.find(sid));
      return !row || !isLive(row);
    }
    if (type !== RefreshToken.type) return false;
    const reference = this.referenceOf(claims);
    if (reference === null) return true;
    const row = await this.rows.find(reference.sid);
    if (reference.isForeign && (await this.isListed(claims))) return true;
    if (row === null) return !reference.isForeign;
    return !isLive(row) || reference.generation < row.generation;
  }

  override async revoke(presented: PresentedToken): Promise<boolean> {
    const reference = this.referenceOf(presented.claims);
    if (reference === null) return false;
    if (await this.rows.end(this.rows.database, reference.sid, 'logged_out')) return true;
    if (!reference.isForeign) return false;
    const named = tokenUser(this.tokens.userIdOf(presented.claims));
    const owner = named.kind === 'id' ? await this.users.findByTokenId(named.id) : null;
    return this.rows.adopt(
      reference.sid,
      {
        ...this.foreignToken(presented.claims),
        userId: owner && String(owner.id),
        endedBecause: 'logged_out',
      },
      { ip: null, userAgent: null },
    );
  }

  override async list(userId: string): Promise<SessionInfo[]> {
    const rows = await this.rows.list(userId);
    return rows.map((row) => ({
      id: row.id.replaceAll('-', ''),
      createdAt: row.created_at,
      lastUsedAt: row.last_used_at,
      expiresAt: row.expires_at,
      ip: row.ip,
      userAgent: row.user_agent,
    }));
  }

  override async end(userId: string, sessionId: string): Promise<boolean> {
    const sid = sessionIdOf({ [SESSION_CLAIM]: sessionId });
    return sid !== null && this.rows.endOne(sid, userId, 'ended');
  }

  override async endOthers(userId: string, keep: string | null): Promise<void> {
    await this.rows.endOthers(this.rows.database, userId, keep, 'ended');
  }

  /** Walks the primary key. A row stays until the last access token of its session has ended as well. */
  override async flush(): Promise<number> {
    const { accessTokenLifetime, leeway } = this.settings;
    let deleted = 0;
    for (let after: string | null = FIRST_ID; after !== null;) {
      const step = await this.rows.flushStep(after, accessTokenLifetime + leeway);
      deleted += step.deleted;
      after = step.last;
    }
    return deleted;
  }

  /** Locks the session, decides on what it sees, and writes in the same transaction, before anything is answered. */
  private async judge(
    bearer: Bearer,
    { sid, generation, isForeign }: SessionReference,
    context: RequestContext,
  ): Promise<SpendOutcome> {
    const { claims } = bearer;
    return this.rows.database.transaction<SpendOutcome>(async (transaction) => {
      const row = await this.rows.lock(transaction, sid);
      // Only without its user a token of another issuer was not adopted.
      if (row === null && isForeign) return refused('no_account');
      if (row === null || !isLive(row) || row.is_sliding) return refused('session_ended');
      const problem = this.userProblem(row.user, bearer);
      if (problem !== null) {
        if (problem === 'password_changed') await this.rows.end(transaction, sid, problem);
        return refused(problem);
      }
      const judged = this.verdictOf(row, generation, context);
      switch (judged.verdict) {
        case 'rotated':
        case 'recovered': {
          const { refreshTokenLifetime: lifetime } = this.settings;
          const next = await this.rows.advance(transaction, sid, judged.next, lifetime, context);
          return next ? this.answer(judged.verdict, claims, sid, next) : refused('session_ended');
        }
        case 'replayed':
          return this.settings.rotateRefreshTokens
            ? this.answer('replayed', claims, sid, row)
            : { verdict: 'kept' };
        case 'reused':
          await this.rows.end(transaction, sid, 'reused');
          this.warnOfReuse(row, generation, context);
          return refused('reused');
        case 'stale':
          return refused('stale');
        case 'ended':
          return refused('session_ended');
      }
    });
  }

  /** Without rotation nothing is written as long as all is well, so that looking at the row is enough. */
  private async isKept(
    bearer: Bearer,
    { sid, generation }: SessionReference,
    context: RequestContext,
  ): Promise<boolean> {
    const row = await this.rows.find(sid);
    if (row === null || !isLive(row) || row.is_sliding) return false;
    if (this.userProblem(row.user, bearer) !== null) return false;
    return this.verdictOf(row, generation, context).verdict === 'replayed';
  }

  private verdictOf(row: SessionRow, generation: number, context: RequestContext): RefreshVerdict {
    const { settings } = this;
    return judgeRefresh(
      {
        session: {
          generation: row.generation,
          parentGeneration: row.parent_generation,
          supersededAt: row.superseded_at,
          revokedAt: null,
          lastClient: { userAgent: row.user_agent, network: networkOf(row.last_ip) },
        },
        generation,
        client: { userAgent: storedUserAgent(context), network: networkOf(context.ip) },
        now: row.now,
      },
      {
        gracePeriod: settings.rotationGracePeriod,
        recovery: settings.rotationRecovery,
        reuseEndsSession: settings.reuseEndsSession,
        rotate: settings.rotateRefreshTokens,
      },
    );
  }

  /** The order of contract §7: user, active, digest. The token must name the session's own user (design §3). */
  private userProblem(
    user: AuthUser | null,
    { claims, tokenId, isRuledOut }: Bearer,
  ): Refusal | null {
    if (user !== null && String(user.tokenId) !== tokenId) return 'invalid';
    const { checkUserIsActive } = this.settings;
    const mayBeInactive = !checkUserIsActive || this.rule.isCustom;
    if (user === null || isRuledOut || !(user.isActive || mayBeInactive)) return 'no_account';
    return this.tokens.passwordIsCurrent(claims, user.password) ? null : 'password_changed';
  }

  /**
   * A rule of the host cannot be asked by a statement, and must not be asked while a transaction holds a connection (it
   * may want one itself), so it is asked before.
   */
  private async isRuledOut(tokenId: string): Promise<boolean> {
    if (!this.rule.isCustom) return false;
    return !(await this.rule.allows(await this.users.findByTokenId(tokenId)));
  }

  /** The session of a token that a Django server issued (design §3, adoption). Idempotent. */
  private async adopt(
    sid: string,
    tokenId: string,
    claims: Claims,
    context: RequestContext,
  ): Promise<void> {
    const user = await this.users.findByTokenId(tokenId);
    if (user === null) return;
    const foreign = { ...this.foreignToken(claims), userId: String(user.id), endedBecause: null };
    await this.rows.adopt(sid, foreign, context);
  }

  /** Whether a Django server beside this one has blacklisted its own token. */
  private isListed(claims: Claims): Promise<boolean> {
    return this.rows.isBlacklisted(this.tokens.idOf(claims) ?? '');
  }

  private foreignToken(claims: Claims): {
    tokenId: string;
    expiresAt: number;
    maxLifetime: number | null;
  } {
    return {
      tokenId: this.tokens.idOf(claims) ?? '',
      expiresAt: Number(claims['exp']),
      maxLifetime: this.settings.sessionMaxLifetime,
    };
  }

  /** Null for malformed claims, and for tokens of other issuers unless those are accepted. */
  private referenceOf(claims: Claims): SessionReference | null {
    const reference = sessionReference(claims, this.tokens.idOf(claims));
    return reference?.isForeign && !this.settings.acceptUnknownTokens ? null : reference;
  }

  private answer(
    verdict: 'rotated' | 'replayed' | 'recovered',
    claims: Claims,
    sid: string,
    row: CurrentToken,
  ): SpendOutcome {
    return { verdict, refresh: this.signed(this.refreshClaims(claims, sid, row)) };
  }

  /** Every node computes the same token from the row: nothing of it is stored (design §3). */
  private refreshClaims(base: Claims, sid: string, row: CurrentToken): Claims {
    return {
      ...base,
      ...this.tokens.idClaim(refreshTokenId(sid, row.generation)),
      exp: Math.floor(row.expires_at),
      iat: Math.floor(row.rotated_at),
      [SESSION_CLAIM]: sid,
      [GENERATION_CLAIM]: row.generation,
    };
  }

  private slidingClaims(base: Claims, sid: string, row: SessionRow): Claims {
    const { slidingTokenRefreshExpClaim: end } = this.settings;
    const last = row.ends_at === null ? Infinity : Math.floor(row.ends_at);
    return {
      ...base,
      exp: Math.min(Number(base['exp']), last),
      [end]: Math.min(Number(base[end]), last),
      [SESSION_CLAIM]: sid,
    };
  }

  private signed(claims: Claims): IssuedToken {
    return { claims, token: this.tokens.sign(claims) };
  }

  private warnOfReuse(row: SessionRow, generation: number, context: RequestContext): void {
    this.logger.warn({
      event: 'refresh_token_reused',
      session: row.id,
      user: row.user_id,
      generation,
      current: row.generation,
      ip: context.ip,
    });
  }
}

function refused(reason: Refusal): { verdict: 'refused'; reason: Refusal } {
  return { verdict: 'refused', reason };
}

function isLive(row: SessionWithUser): boolean {
  return row.revoked_at === null && !row.is_over;
}
