import { Injectable } from '@nestjs/common';
import { AccountOwner } from '../auth/account-owner.js';
import type { AuthenticatedUser } from '../auth/authenticated-user.js';
import { LoginService } from '../auth/login.service.js';
import { AuthError, ValidationError } from '../common/errors.js';
import { sessionIdOf } from '../ledger/domain/session-claims.js';
import { RefreshTokenLedger } from '../ledger/refresh-token-ledger.js';
import type { Claims } from '../tokens/domain/compact.js';
import { PasswordHasher } from '../users/password-hasher.js';
import { UserStore } from '../users/user-store.js';
import type { ChangePasswordDto } from './dto/change-password.dto.js';
import { sessionResponse, type SessionResponse } from '../auth/dto/session-response.dto.js';

/**
 * What the signed-in user can do with the own account. Each method throws what the guard would, where that has looked
 * no user up.
 *
 * @publicApi
 */
@Injectable()
export class AccountService {
  constructor(
    private readonly owners: AccountOwner,
    private readonly ledger: RefreshTokenLedger,
    private readonly login: LoginService,
    private readonly users: UserStore,
    private readonly hasher: PasswordHasher,
  ) {}

  /** Live sessions, the newest first. */
  async listSessions(
    user: AuthenticatedUser,
    token: Claims | undefined,
  ): Promise<SessionResponse[]> {
    const current = token ? sessionIdOf(token) : null;
    const sessions = await this.ledger.list(await this.keyOf(user));
    return sessions.map((session) => sessionResponse(session, current));
  }

  /** @throws AuthError `not_found` when the user has no such live session */
  async endSession(user: AuthenticatedUser, sessionId: string): Promise<void> {
    const isEnded = await this.ledger.end(await this.keyOf(user), sessionId);
    if (!isEnded) throw new AuthError('not_found');
  }

  /** Ends all sessions of the user but the token's; all of them without a token, or where it names no session. */
  async endSessions(user: AuthenticatedUser, token: Claims | undefined): Promise<void> {
    await this.ledger.endOthers(await this.keyOf(user), token ? sessionIdOf(token) : null);
  }

  /**
   * Changes the password and ends all other sessions of the user (design §3); this one too, where its token names no
   * session.
   *
   * @throws ValidationError when the old password is wrong
   * @throws AuthError `throttled` after too many wrong ones in this session
   */
  async changePassword(
    user: AuthenticatedUser,
    passwords: ChangePasswordDto,
    token: Claims | undefined,
  ): Promise<void> {
    const keep = token ? sessionIdOf(token) : null;
    const owner = await this.login.confirm(await this.keyOf(user), keep, passwords.old_password);
    if (owner === null) throw wrongPassword();
    const encoded = await this.hasher.hash(passwords.new_password);
    // Another change may have won the race: then the old password is not the old one any more.
    if (!(await this.users.changePassword(owner, encoded, keep))) throw wrongPassword();
    await this.ledger.passwordChanged(String(owner.id), keep);
  }

  /** The primary key, by which the ledger knows users. */
  private async keyOf(user: AuthenticatedUser): Promise<string> {
    return String((await this.owners.of(user)).id);
  }
}

function wrongPassword(): ValidationError {
  return new ValidationError({ old_password: ['The old password is wrong.'] });
}
