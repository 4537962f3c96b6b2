import { Injectable } from '@nestjs/common';
import { sessionResponse, type SessionResponse } from '../auth/dto/session-response.dto.js';
import { AuthError } from '../common/errors.js';
import { RefreshTokenLedger } from '../ledger/refresh-token-ledger.js';
import { UserStore } from '../users/user-store.js';

/**
 * What staff can do with the accounts of others. Users are named by their primary key.
 *
 * @publicApi
 */
@Injectable()
export class AdminService {
  constructor(
    private readonly users: UserStore,
    private readonly ledger: RefreshTokenLedger,
  ) {}

  /** @throws AuthError `not_found` */
  async listSessions(userId: string): Promise<SessionResponse[]> {
    await this.requireUser(userId);
    const sessions = await this.ledger.list(userId);
    return sessions.map((session) => sessionResponse(session, null));
  }

  /** @throws AuthError `not_found` */
  async endSessions(userId: string): Promise<void> {
    await this.requireUser(userId);
    await this.ledger.endOthers(userId, null);
  }

  /** @throws AuthError `not_found` */
  async setActive(userId: string, isActive: boolean): Promise<void> {
    if (!(await this.users.setActive(userId, isActive))) throw new AuthError('not_found');
  }

  private async requireUser(userId: string): Promise<void> {
    if ((await this.users.findById(userId)) === null) throw new AuthError('not_found');
  }
}
