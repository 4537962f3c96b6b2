import { Injectable } from '@nestjs/common';
import { UserStore, type AuthUser } from '../users/user-store.js';
import { SessionRows, type SessionFacts } from './session-rows.js';

/** What the guard asks on every request: live sessions with their users, and users alone. */
@Injectable()
export class AuthFacts {
  constructor(
    private readonly rows: SessionRows,
    private readonly users: UserStore,
  ) {}

  /** The live session with its user; null when it has ended, never was, or has no user. */
  async findSession(sid: string): Promise<SessionFacts | null> {
    return this.rows.findFacts(sid);
  }

  /** The user whose `USER_ID_FIELD` has this text. */
  async findUser(tokenId: string): Promise<AuthUser | null> {
    return this.users.findByTokenId(tokenId);
  }
}
