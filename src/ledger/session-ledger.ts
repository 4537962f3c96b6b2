import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { RequestContext } from '../common/request-context.js';
import { AuthSettings } from '../config/auth-settings.js';
import { againIfUndone } from '../database/again-if-undone.js';
import { sessionsEnded, type Cause } from '../events/domain/security-event.js';
import { SecurityEvents } from '../events/security-events.js';
import type { Claims } from '../tokens/domain/compact.js';
import { RefreshToken, SlidingToken } from '../tokens/domain/token-kind.js';
import { tokenUser } from '../tokens/domain/user-id.js';
import { TokensService, type TokenSubject } from '../tokens/tokens.service.js';
import { UserStore, type AuthUser } from '../users/user-store.js';
import {
  SESSION_CLAIM,
  sessionIdOf,
  sessionReference,
  type SessionReference,
} from './domain/session-claims.js';
import { RefreshPolicy, type RefreshAttempt, type RefreshDecision } from './refresh-policy.js';
import {
  RefreshTokenLedger,
  type ExtendOutcome,
  type IssuedToken,
  type PresentedToken,
  type SessionPage,
  type SpendOutcome,
} from './refresh-token-ledger.js';
import { SessionList } from './session-list.js';
import type { PageRequest } from './session-page.js';
import { SessionRepository, type ForeignToken } from './session-repository.js';
import { isLive, type CurrentToken, type SessionRow } from './session-row.js';
import { SessionTokens } from './session-tokens.js';

/** Seconds between two notes of when a session was used, where its refresh tokens do not rotate. */
const NOTE_INTERVAL = 60;

/**
 * One row for each log-in; refresh tokens are recomputed from it and never stored (design §3). An honest client is not
 * logged out by lost answers, duplicates and retries; a spent token in other hands ends the session.
 */
@Injectable()
export class SessionLedger extends RefreshTokenLedger {
  constructor(
    private readonly rows: SessionRepository,
    private readonly sessions: SessionList,
    private readonly settings: AuthSettings,
    private readonly tokens: TokensService,
    private readonly sessionTokens: SessionTokens,
    private readonly policy: RefreshPolicy,
    private readonly users: UserStore,
    private readonly events: SecurityEvents,
  ) {
    super();
  }

  override problemsWith(): readonly string[] {
    return [];
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
    const row = await this.rows.issue(sid, user, { isSliding, lifetime }, context);
    if (row === null) return null;
    await this.endSurplus(String(user.id), context);
    const now = Math.floor(row.rotated_at);
    return isSliding
      ? this.sessionTokens.sliding(this.tokens.slidingClaims(user, now), sid, row)
      : this.sessionTokens.refresh(this.tokens.refreshClaims(user, now), sid, row);
  }

  override async spend(presented: PresentedToken, context: RequestContext): Promise<SpendOutcome> {
    const { claims } = presented;
    const reference = this.referenceOf(claims);
    const named = tokenUser(this.tokens.userIdOf(claims));
    if (reference === null || named.kind !== 'id') return { verdict: 'invalid' };
    const { sid, generation, isForeign } = reference;
    if (isForeign && (await this.isBlacklisted(claims))) return { verdict: 'blacklisted' };
    const presenter = await this.policy.presenterOf(claims, named.id);
    if (this.settings.rotateRefreshTokens && !presenter.isRuledOut) {
      const passwordDigest = this.tokens.passwordDigestOf(claims);
      const session = { sid, generation, tokenId: named.id, passwordDigest };
      const row = await this.rows.rotate(session, context);
      if (row) return { verdict: 'rotated', refresh: this.sessionTokens.refresh(claims, sid, row) };
    }
    if (isForeign) {
      const foreign = await this.foreignToken(claims);
      if (foreign.userId === null) return { verdict: 'no_account' };
      await this.rows.adopt(sid, foreign, context);
    }
    return this.settle(sid, { presenter, generation, context });
  }

  override async extend(
    presented: PresentedToken,
    context: RequestContext,
  ): Promise<ExtendOutcome> {
    const sid = sessionIdOf(presented.claims);
    const named = tokenUser(this.tokens.userIdOf(presented.claims));
    if (sid === null || named.kind !== 'id') return { verdict: 'invalid' };
    const row = await this.rows.find(sid);
    if (row === null || !isLive(row) || !row.is_sliding) return { verdict: 'session_ended' };
    const presenter = await this.policy.presenterOf(presented.claims, named.id);
    const problem = this.policy.userProblem(row.user, presenter);
    if (problem === 'password_changed') {
      await this.rows.end(sid, problem);
      const cause: Cause = { actor: `session:${sid}`, address: context.ip };
      await this.events.emit(null, sessionsEnded([sid], problem, cause));
    }
    if (problem !== null) return { verdict: problem };
    // Past its refresh end the view refuses the token: such a call is no use of the session.
    const isOver = this.tokens.refreshEndProblem(presented.claims, this.tokens.now()) !== null;
    if (!isOver && !(await this.rows.touch(sid, context))) return { verdict: 'session_ended' };
    return { verdict: 'extended' };
  }

  /**
   * No session is looked at for an access token. A refresh token counts as long as it could get an answer, the parent of
   * the current one included: the holder of a copy must not learn when the owner refreshes (design §3).
   */
  override async isRevoked(claims: Claims): Promise<boolean> {
    const type = this.tokens.typeOf(claims);
    if (type === SlidingToken.type) {
      const sid = sessionIdOf(claims);
      const row = sid && (await this.rows.find(sid));
      return !row || !isLive(row);
    }
    if (type !== RefreshToken.type) return false;
    const reference = this.referenceOf(claims);
    // A token without the id that it must have is refused for that.
    if (reference === null) return !this.lacksId(claims);
    const row = await this.rows.find(reference.sid);
    if (reference.isForeign && (await this.isBlacklisted(claims))) return true;
    if (row === null) return !reference.isForeign;
    return !isLive(row) || reference.generation < (row.parent_generation ?? row.generation);
  }

  override async revoke({ claims }: PresentedToken): Promise<boolean> {
    if (this.tokens.typeOf(claims) === SlidingToken.type) {
      const sid = sessionIdOf(claims);
      return sid !== null && this.rows.end(sid, 'logged_out');
    }
    const reference = this.referenceOf(claims);
    if (reference === null) return false;
    const { sid, isForeign } = reference;
    if (await this.rows.end(sid, 'logged_out')) return true;
    if (!isForeign) return false;
    const ended = { ...(await this.foreignToken(claims)), endedBecause: 'logged_out' };
    if (await this.rows.adopt(sid, ended, { ip: null, userAgent: null })) return true;
    // A refresh may have adopted the token in between.
    return this.rows.end(sid, 'logged_out');
  }

  override list(userId: string, page: PageRequest): Promise<SessionPage> {
    return this.sessions.page(userId, page);
  }

  /** The trigger on the column has ended them, in the transaction that changed the password (design §3). */
  override passwordChanged(): Promise<void> {
    return Promise.resolve();
  }

  override async end(userId: string, sessionId: string): Promise<boolean> {
    const sid = sessionIdOf({ [SESSION_CLAIM]: sessionId });
    return sid !== null && this.rows.endOne(sid, userId, 'ended');
  }

  override endOthers(userId: string, keep: string | null): Promise<readonly string[]> {
    return this.rows.endOthers(userId, keep, 'ended');
  }

  override endAll(): Promise<number> {
    return this.rows.endAll();
  }

  /** A row stays until the last access token of its session has ended as well. */
  override flush(): Promise<number> {
    return this.rows.flush(this.settings.accessTokenLifetime + this.settings.leeway);
  }

  /**
   * Decides on the row as it is. Only a decision that has to be written locks the session, decides once more, and writes
   * in the same transaction, before anything is answered: so many duplicates at once hold no connections.
   */
  private async settle(sid: string, attempt: RefreshAttempt): Promise<SpendOutcome> {
    const seen = await this.rows.find(sid);
    const decision = this.policy.decide(seen, attempt);
    if ('next' in decision || decision.endsSession) {
      return againIfUndone(() =>
        this.rows.database.transaction((transaction) => this.write(transaction, sid, attempt)),
      );
    }
    if (seen && decision.verdict === 'replayed') await this.noteUse(seen, sid, attempt.context);
    await this.events.emit(null, decision.events ?? []);
    return this.outcome(decision.verdict, seen, sid, attempt.presenter.claims);
  }

  private async write(
    transaction: EntityManager,
    sid: string,
    attempt: RefreshAttempt,
  ): Promise<SpendOutcome> {
    const locked = await this.rows.lock(transaction, sid);
    const decision = this.policy.decide(locked, attempt);
    await this.events.emit(transaction, decision.events ?? []);
    let current: CurrentToken | null = locked;
    if ('next' in decision) {
      current = await this.rows.advance(transaction, sid, decision.next, attempt.context);
    } else if (decision.endsSession) await this.rows.end(sid, decision.verdict, transaction);
    return this.outcome(decision.verdict, current, sid, attempt.presenter.claims);
  }

  private outcome(
    verdict: RefreshDecision['verdict'],
    current: CurrentToken | null,
    sid: string,
    claims: Claims,
  ): SpendOutcome {
    if (verdict !== 'rotated' && verdict !== 'recovered' && verdict !== 'replayed') {
      return { verdict };
    }
    if (current === null) return { verdict: 'session_ended' };
    return this.settings.rotateRefreshTokens
      ? { verdict, refresh: this.sessionTokens.refresh(claims, sid, current) }
      : { verdict: 'kept' };
  }

  /** Without rotation a refresh writes nothing; when and where the session was used is noted now and then. */
  private async noteUse(session: SessionRow, sid: string, context: RequestContext): Promise<void> {
    if (this.settings.rotateRefreshTokens) return;
    if (session.now - session.last_used_at >= NOTE_INTERVAL) await this.rows.touch(sid, context);
  }

  /** `SESSIONS_PER_USER`: the least recently used go. */
  private async endSurplus(userId: string, { ip }: RequestContext): Promise<void> {
    const { sessionsPerUser } = this.settings;
    if (sessionsPerUser === null) return;
    const ended = await this.sessions.endSurplus(userId, sessionsPerUser);
    const cause: Cause = { actor: `user:${userId}`, address: ip };
    await this.events.emit(null, sessionsEnded(ended, 'session_limit', cause));
  }

  /** Whether a Django server beside this one has blacklisted its own token. */
  private isBlacklisted(claims: Claims): Promise<boolean> {
    return this.rows.isBlacklisted(this.tokens.idOf(claims) ?? '');
  }

  /** What a session is made of for a token that another issuer, such as a Django server, has signed (design §3). */
  private async foreignToken(claims: Claims): Promise<ForeignToken> {
    const named = tokenUser(this.tokens.userIdOf(claims));
    const owner = named.kind === 'id' ? await this.users.findByTokenId(named.id) : null;
    return {
      userId: owner && String(owner.id),
      tokenId: this.tokens.idOf(claims) ?? '',
      issuedAt: typeof claims['iat'] === 'number' ? claims['iat'] : null,
      expiresAt: Number(claims['exp']),
      endedBecause: null,
    };
  }

  private lacksId(claims: Claims): boolean {
    return this.settings.jtiClaim !== null && this.tokens.idOf(claims) === null;
  }

  /** Null for malformed claims, and for tokens of other issuers unless those are accepted. */
  private referenceOf(claims: Claims): SessionReference | null {
    const reference = sessionReference(claims, this.tokens.idOf(claims));
    return reference?.isForeign && !this.settings.acceptUnknownTokens ? null : reference;
  }
}
