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
import type { AuthUser } from '../users/user-store.js';
import { Adoption } from './adoption.js';
import {
  SESSION_CLAIM,
  sessionIdOf,
  sessionReference,
  type SessionReference,
} from './domain/session-claims.js';
import { endAllSessions } from './end-all-sessions.js';
import { RefreshJudge, isLive, type Judgement, type PresentedRefresh } from './refresh-judge.js';
import {
  RefreshTokenLedger,
  type ExtendOutcome,
  type IssuedToken,
  type PresentedToken,
  type Refusal,
  type SessionPage,
  type SpendOutcome,
} from './refresh-token-ledger.js';
import { Rotations } from './rotations.js';
import { SessionList } from './session-list.js';
import type { PageRequest } from './session-page.js';
import { SessionRows } from './session-rows.js';
import { SessionTokens } from './session-tokens.js';

/** Between two notes of when a session was used, seconds, where its refresh tokens do not rotate. */
const NOTE_INTERVAL = 60;

const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/**
 * One row for each log-in; refresh tokens are recomputed from it and never stored (design §3). An honest client is not
 * logged out by lost answers, duplicates and retries; a spent token in other hands ends the session.
 */
@Injectable()
export class SessionLedger extends RefreshTokenLedger {
  constructor(
    private readonly rows: SessionRows,
    private readonly sessions: SessionList,
    private readonly rotations: Rotations,
    private readonly settings: AuthSettings,
    private readonly tokens: TokensService,
    private readonly sessionTokens: SessionTokens,
    private readonly judge: RefreshJudge,
    private readonly adoption: Adoption,
    private readonly events: SecurityEvents,
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
    if (reference === null || named.kind !== 'id') return refused('invalid');
    const { sid, generation, isForeign } = reference;
    if (isForeign && (await this.adoption.isBlacklisted(claims))) return refused('blacklisted');
    const bearer = await this.judge.bearerOf(claims, named.id);
    if (this.settings.rotateRefreshTokens && !bearer.isRuledOut) {
      const passwordDigest = this.tokens.passwordDigestOf(claims);
      const session = { sid, generation, tokenId: named.id, passwordDigest };
      const row = await this.rotations.rotate(session, context);
      if (row) return { verdict: 'rotated', refresh: this.sessionTokens.refresh(claims, sid, row) };
    }
    if (isForeign && !(await this.adoption.adopt(sid, claims, context))) {
      return refused('no_account');
    }
    return this.settle(sid, { bearer, generation, context });
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
    const bearer = await this.judge.bearerOf(presented.claims, named.id);
    const problem = this.judge.userProblem(row.user, bearer);
    if (problem !== null) {
      if (problem === 'password_changed') {
        await this.rows.end(this.rows.database, sid, problem);
        await this.events.emit(null, sessionsEnded([sid], problem, byHolder(sid, context)));
      }
      return refused(problem);
    }
    // Past its refresh end the view refuses the token: such a call is no use of the session.
    const isOver = this.tokens.refreshEndProblem(presented.claims, this.tokens.now()) !== null;
    if (!isOver && !(await this.rows.touch(sid, context))) return refused('session_ended');
    return { verdict: 'extended' };
  }

  /**
   * Of an access token no session is looked at. A refresh token counts for as long as it could still get an answer, the
   * current one's parent too: nobody who holds a copy may learn when its owner refreshes (design §3).
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
    // Without the id that it must have it is refused for that.
    if (reference === null) return !this.lacksId(claims);
    const row = await this.rows.find(reference.sid);
    if (reference.isForeign && (await this.adoption.isBlacklisted(claims))) return true;
    if (row === null) return !reference.isForeign;
    return !isLive(row) || reference.generation < (row.parent_generation ?? row.generation);
  }

  override async revoke({ claims }: PresentedToken): Promise<boolean> {
    const reference = this.referenceOf(claims);
    if (reference === null) return false;
    const { sid, isForeign } = reference;
    if (await this.rows.end(this.rows.database, sid, 'logged_out')) return true;
    return isForeign && this.adoption.end(sid, claims, 'logged_out');
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
    return this.rows.endOthers(this.rows.database, userId, keep, 'ended');
  }

  override endAll(): Promise<number> {
    return endAllSessions(this.rows.database);
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

  /**
   * Decides on what it sees. Only what has to write locks the session, decides once more, and writes in the same
   * transaction, before anything is answered: however many duplicates come at once, they hold no connections.
   */
  private async settle(sid: string, presented: PresentedRefresh): Promise<SpendOutcome> {
    const seen = this.judge.judge(await this.rows.find(sid), presented);
    if (!needsWriting(seen)) {
      await this.noteUse(seen, sid, presented);
      await this.tell(null, seen);
      return this.answer(seen, sid, presented);
    }
    return againIfUndone(() =>
      this.rows.database.transaction((transaction) => this.write(transaction, sid, presented)),
    );
  }

  private async write(
    transaction: EntityManager,
    sid: string,
    presented: PresentedRefresh,
  ): Promise<SpendOutcome> {
    const judged = this.judge.judge(await this.rows.lock(transaction, sid), presented);
    await this.tell(transaction, judged);
    if (!needsWriting(judged)) return this.answer(judged, sid, presented);
    if (judged.what === 'end') {
      const { reason } = judged;
      await this.rows.end(transaction, sid, reason);
      if (reason === 'password_changed') {
        const cause = byHolder(sid, presented.context);
        await this.events.emit(transaction, sessionsEnded([sid], reason, cause));
      }
      return refused(reason);
    }
    const { refreshTokenLifetime: lifetime } = this.settings;
    const { next, as: verdict } = judged;
    const row = await this.rows.advance(transaction, sid, next, lifetime, presented.context);
    if (row === null) return refused('session_ended');
    return { verdict, refresh: this.sessionTokens.refresh(presented.bearer.claims, sid, row) };
  }

  /** Without rotation a refresh writes nothing; when and where the session was used is noted now and then. */
  private async noteUse(
    judged: Settled,
    sid: string,
    { context }: PresentedRefresh,
  ): Promise<void> {
    if (this.settings.rotateRefreshTokens || judged.what === 'refuse') return;
    const { now, last_used_at: last } = judged.session;
    if (now - last >= NOTE_INTERVAL) await this.rows.touch(sid, context);
  }

  private answer(judged: Settled, sid: string, { bearer }: PresentedRefresh): SpendOutcome {
    if (judged.what === 'refuse') return refused(judged.reason);
    return this.settings.rotateRefreshTokens
      ? {
          verdict: 'replayed',
          refresh: this.sessionTokens.refresh(bearer.claims, sid, judged.session),
        }
      : { verdict: 'kept' };
  }

  /** `SESSIONS_PER_USER`: the least recently used go. */
  private async endSurplus(userId: string, { ip }: RequestContext): Promise<void> {
    const { sessionsPerUser } = this.settings;
    if (sessionsPerUser === null) return;
    const ended = await this.sessions.endSurplus(userId, sessionsPerUser);
    const cause: Cause = { actor: `user:${userId}`, address: ip };
    await this.events.emit(null, sessionsEnded(ended, 'session_limit', cause));
  }

  private lacksId(claims: Claims): boolean {
    return this.settings.jtiClaim !== null && this.tokens.idOf(claims) === null;
  }

  /** Null for malformed claims, and for tokens of other issuers unless those are accepted. */
  private referenceOf(claims: Claims): SessionReference | null {
    const reference = sessionReference(claims, this.tokens.idOf(claims));
    return reference?.isForeign && !this.settings.acceptUnknownTokens ? null : reference;
  }

  private async tell(transaction: EntityManager | null, { suspicion }: Judgement): Promise<void> {
    if (suspicion) await this.events.emit(transaction, [suspicion]);
  }
}

/** What can be answered without a change of the session. */
type Settled = Extract<Judgement, { what: 'repeat' | 'refuse' }>;

function needsWriting(judged: Judgement): judged is Exclude<Judgement, Settled> {
  return judged.what === 'advance' || judged.what === 'end';
}

/** Whoever shows the token of a session. */
function byHolder(sid: string, { ip }: RequestContext): Cause {
  return { actor: `session:${sid}`, address: ip };
}

function refused(reason: Refusal): { verdict: 'refused'; reason: Refusal } {
  return { verdict: 'refused', reason };
}
