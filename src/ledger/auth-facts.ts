import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { UserStore, type AuthUser } from '../users/user-store.js';
import { SessionRows } from './session-rows.js';

/** What is known of a live session with its user, or of a user alone. */
export interface LiveFacts {
  /** Its name in the cache. */
  readonly key: string;
  readonly user: AuthUser;
  /** The session's absolute end, seconds since the epoch; null for none. */
  readonly endsAt: number | null;
}

/** What the guard asks on every request: live sessions with their users, and users alone. */
@Injectable()
export class AuthFacts {
  private readonly cache = new Map<string, LiveFacts>();

  constructor(
    private readonly rows: SessionRows,
    private readonly users: UserStore,
    private readonly clock: Clock,
  ) {}

  /** The live session with its user; null when it has ended, never was, or has no user. */
  async findSession(sid: string): Promise<LiveFacts | null> {
    const key = `s:${sid}`;
    const row = await this.rows.findFacts(sid);
    const f = row && { key, ...row };
    if (f) this.cache.set(key, f);
    return f;
  }

  /** The user whose `USER_ID_FIELD` has this text. */
  async findUser(tokenId: string): Promise<LiveFacts | null> {
    const user = await this.users.findByTokenId(tokenId);
    return user && { key: `u:${tokenId}`, user, endsAt: null };
  }

  /** Whether these facts, found before, are still known to hold. */
  isStill(facts: LiveFacts): boolean {
    if (facts.endsAt !== null && facts.endsAt <= this.clock.now() / 1000) return false;
    return this.cache.get(facts.key) === facts;
  }
}
