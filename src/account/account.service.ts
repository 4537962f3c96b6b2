import { Injectable } from '@nestjs/common';
import { AccountOwner } from '../authentication/account-owner.js';
import type { AuthenticatedUser } from '../users/authenticated-user.js';
import { LoginService } from '../login/login.service.js';
import { AuthError, ValidationError } from '../common/errors.js';
import type { RequestContext } from '../common/request-context.js';
import { sessionsEnded, type Cause } from '../events/domain/security-event.js';
import { SecurityEvents } from '../events/security-events.js';
import { sessionIdOf } from '../ledger/domain/session-claims.js';
import { RefreshTokenLedger } from '../ledger/refresh-token-ledger.js';
import { FIRST_PAGE, type PageRequest } from '../ledger/session-page.js';
import type { Claims } from '../tokens/domain/compact.js';
import { PasswordHasher } from '../passwords/password-hasher.js';
import { PasswordPolicy } from '../passwords/password-policy.js';
import {
  SessionPresenter,
  presentedPage,
  type SessionResponsePage,
} from '../session-views/session-presenter.js';
import { UserStore } from '../users/user-store.js';
import type { ChangePasswordDto } from './dto/change-password.dto.js';
import { profileResponse, type ProfileResponse } from './dto/profile-response.dto.js';

/**
 * What signed-in users can do with their accounts. Where the guard has looked no user up
 * (`JWTStatelessUserAuthentication`), the methods do so, and throw what `JWTAuthentication` would.
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
    private readonly policy: PasswordPolicy,
    private readonly events: SecurityEvents,
    private readonly presenter: SessionPresenter,
  ) {}

  /** The user, with what the `UserStore` tells beside id and name. */
  async profileOf(user: AuthenticatedUser): Promise<ProfileResponse> {
    // The guard knows id and name: without further members nothing is looked up.
    if (!this.users.profileOf) return profileResponse(user);
    return profileResponse(user, await this.users.profileOf(await this.keyOf(user)));
  }

  /** Live sessions, the newest first. */
  async listSessions(
    user: AuthenticatedUser,
    token: Claims | undefined,
    page: PageRequest = FIRST_PAGE,
  ): Promise<SessionResponsePage> {
    const current = token ? sessionIdOf(token) : null;
    return presentedPage(await this.ledger.list(await this.keyOf(user), page), (session) =>
      this.presenter.forOwner(session, current),
    );
  }

  /** @throws AuthError `not_found` when the user has no such live session */
  async endSession(
    user: AuthenticatedUser,
    sessionId: string,
    context: RequestContext,
  ): Promise<void> {
    const userId = await this.keyOf(user);
    if (!(await this.ledger.end(userId, sessionId))) throw new AuthError('not_found');
    const cause = causeOf(userId, context);
    await this.events.emit(null, sessionsEnded([sessionId], 'ended', cause));
  }

  /** Ends all sessions of the user except the one that the token names; without such a token all of them. */
  async endSessions(
    user: AuthenticatedUser,
    token: Claims | undefined,
    context: RequestContext,
  ): Promise<void> {
    const userId = await this.keyOf(user);
    const ended = await this.ledger.endOthers(userId, token ? sessionIdOf(token) : null);
    await this.events.emit(null, sessionsEnded(ended, 'ended', causeOf(userId, context)));
  }

  /**
   * Changes the password and ends all other sessions of the user (design §3); the session of this request too, where its
   * token does not name it.
   *
   * @throws ValidationError when the old password is wrong, or the new one may not be set
   * @throws AuthError `throttled` after too many wrong ones in this session
   */
  async changePassword(
    user: AuthenticatedUser,
    passwords: ChangePasswordDto,
    token: Claims | undefined,
    context: RequestContext,
  ): Promise<void> {
    const problems = await this.policy.problems(passwords.new_password);
    if (problems.length > 0) throw new ValidationError({ new_password: problems });
    const keep = token ? sessionIdOf(token) : null;
    const owner = await this.login.confirm(await this.keyOf(user), keep, passwords.old_password);
    if (owner === null) throw wrongPassword();
    const encoded = await this.hasher.hash(passwords.new_password);
    // Another change may have won the race: then the stored password is another one by now.
    if (!(await this.users.changePassword(owner, encoded, keep))) throw wrongPassword();
    const userId = String(owner.id);
    await this.ledger.passwordChanged(userId, keep);
    const cause = causeOf(userId, context);
    await this.events.emit(null, [
      { event: 'password_changed', ...cause, target: `user:${userId}`, keptSession: keep },
    ]);
  }

  /** The primary key, by which the ledger knows users. */
  private async keyOf(user: AuthenticatedUser): Promise<string> {
    return String((await this.owners.of(user)).id);
  }
}

function causeOf(userId: string, { ip }: RequestContext): Cause {
  return { actor: `user:${userId}`, address: ip };
}

function wrongPassword(): ValidationError {
  return new ValidationError({ old_password: ['The old password is wrong.'] });
}
