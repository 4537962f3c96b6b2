import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { ChangeFeed } from '../feed/change-feed.js';
import { VouchedCache } from '../feed/vouched-cache.js';
import { UserStore, type AuthUser } from '../users/user-store.js';
import { SessionRepository } from './session-repository.js';

/** What is known of a live session with its user, or of a user alone. */
export interface SessionContext {
  /** The name of these facts in the cache. */
  readonly key: string;
  /** The session, 32 hex digits; null where a user was looked up without one. */
  readonly sid: string | null;
  readonly user: AuthUser;
  /** The session's absolute end, seconds since the epoch; null for none. */
  readonly endsAt: number | null;
}

/**
 * What the guard asks on every request: live sessions with their users, and users alone. The same question again costs
 * nothing as long as the change feed vouches that nothing has changed; otherwise the database is asked (design §4).
 */
@Injectable()
export class SessionCache {
  private readonly cache: VouchedCache<SessionContext>;

  constructor(
    feed: ChangeFeed,
    private readonly rows: SessionRepository,
    private readonly users: UserStore,
    private readonly clock: Clock,
  ) {
    this.cache = new VouchedCache(feed, {
      dependenciesOf: ({ sid, user }) =>
        sid === null ? [`u:${user.id}`] : [`s:${sid}`, `u:${user.id}`],
    });
  }

  /** The live session with its user; null when it has ended, never was, or has no user. */
  async findSession(sid: string): Promise<SessionContext | null> {
    const key = `s:${sid}`;
    const facts = await this.find(key, async () => {
      const row = await this.rows.findFacts(sid);
      return row && { key, sid, ...row };
    });
    return facts && this.isWithinEnd(facts) ? facts : null;
  }

  /** Whether the session has ended, asked of the database, never of the cache. */
  async hasEnded(sid: string): Promise<boolean> {
    return (await this.rows.findFacts(sid)) === null;
  }

  /** The user whose `USER_ID_FIELD` has this text. */
  findUser(tokenId: string): Promise<SessionContext | null> {
    const key = `t:${tokenId}`;
    return this.find(key, async () => {
      const user = await this.users.findByTokenId(tokenId);
      return user && { key, sid: null, user, endsAt: null };
    });
  }

  /** Whether these very facts, found before, are still known to hold. */
  isStill(facts: SessionContext): boolean {
    return this.isWithinEnd(facts) && this.cache.find(facts.key) === facts;
  }

  /** Only facts that let a request in are kept: a user who was just activated must not be refused a moment longer. */
  private async find(
    key: string,
    load: () => Promise<SessionContext | null>,
  ): Promise<SessionContext | null> {
    const known = this.cache.find(key);
    if (known) return known;
    let refused: SessionContext | null = null;
    const kept = await this.cache.load(key, async () => {
      const facts = await load();
      if (facts === null || facts.user.isActive) return facts;
      refused = facts;
      return null;
    });
    return kept ?? refused;
  }

  private isWithinEnd({ endsAt }: SessionContext): boolean {
    return endsAt === null || endsAt > this.clock.now() / 1000;
  }
}
