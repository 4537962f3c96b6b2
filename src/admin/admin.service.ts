import { Injectable } from '@nestjs/common';
import { AccountOwner } from '../authentication/account-owner.js';
import type { AuthenticatedUser } from '../users/authenticated-user.js';
import { AuthError } from '../common/errors.js';
import type { RequestContext } from '../common/request-context.js';
import { sessionsEnded, type Cause } from '../events/domain/security-event.js';
import { SecurityEvents } from '../events/security-events.js';
import { RefreshTokenLedger } from '../ledger/refresh-token-ledger.js';
import { FIRST_PAGE, type PageRequest } from '../ledger/session-page.js';
import type { StaffSessionResponse } from '../session-views/dto/session-response.dto.js';
import {
  SessionPresenter,
  presentedPage,
  type SessionResponsePage,
} from '../session-views/session-presenter.js';
import type { StaffVerdict } from '../users/domain/standing.js';
import { UserStore } from '../users/user-store.js';

/**
 * The member of staff who asks, and from where.
 *
 * @publicApi
 */
export interface StaffRequest {
  readonly staff: AuthenticatedUser;
  readonly context: RequestContext;
}

/**
 * What staff can do with the accounts of others: staff (`is_staff`) with those of users who are not staff, superusers
 * with all, nobody with that of the last superuser. Users are named by their primary key. Each act is a security event.
 *
 * @publicApi
 */
@Injectable()
export class AdminService {
  constructor(
    private readonly owners: AccountOwner,
    private readonly users: UserStore,
    private readonly ledger: RefreshTokenLedger,
    private readonly events: SecurityEvents,
    private readonly presenter: SessionPresenter,
  ) {}

  /** @throws AuthError `not_found` or `permission_denied` */
  async listSessions(
    request: StaffRequest,
    userId: string,
    page: PageRequest = FIRST_PAGE,
  ): Promise<SessionResponsePage<StaffSessionResponse>> {
    const staffId = await this.staffIdOf(request);
    requireAllowed(await this.users.judgeStaffAct(staffId, userId));
    const found = await this.ledger.list(userId, page);
    await this.events.emit(null, [
      { event: 'sessions_viewed', ...causeOf(staffId, request), target: `user:${userId}` },
    ]);
    return presentedPage(found, (session) => this.presenter.forStaff(session));
  }

  /** @throws AuthError `not_found` or `permission_denied` */
  async endSessions(request: StaffRequest, userId: string): Promise<void> {
    const staffId = await this.staffIdOf(request);
    requireAllowed(await this.users.judgeStaffAct(staffId, userId));
    const ended = await this.ledger.endOthers(userId, null);
    const cause = causeOf(staffId, request);
    const target = `user:${userId}` as const;
    await this.events.emit(null, [
      { event: 'sessions_ended', ...cause, target, count: ended.length },
      ...sessionsEnded(ended, 'ended', cause),
    ]);
  }

  /**
   * Refuses the user everywhere.
   *
   * @param keepsSessions - whether the sessions rest and live again on activation; otherwise they end
   * @throws AuthError `not_found` or `permission_denied`
   */
  async deactivate(request: StaffRequest, userId: string, keepsSessions = false): Promise<void> {
    const staffId = await this.staffIdOf(request);
    requireAllowed(await this.users.setActive(userId, false, staffId));
    const ended = keepsSessions ? [] : await this.ledger.endOthers(userId, null);
    const cause = causeOf(staffId, request);
    const target = `user:${userId}` as const;
    await this.events.emit(null, [
      { event: 'user_deactivated', ...cause, target, keptSessions: keepsSessions },
      ...sessionsEnded(ended, 'user_deactivated', cause),
    ]);
  }

  /** @throws AuthError `not_found` or `permission_denied` */
  async activate(request: StaffRequest, userId: string): Promise<void> {
    const staffId = await this.staffIdOf(request);
    requireAllowed(await this.users.setActive(userId, true, staffId));
    const cause = causeOf(staffId, request);
    await this.events.emit(null, [{ event: 'user_activated', ...cause, target: `user:${userId}` }]);
  }

  private async staffIdOf({ staff }: StaffRequest): Promise<string> {
    return String((await this.owners.of(staff)).id);
  }
}

function causeOf(staffId: string, { context }: StaffRequest): Cause {
  return { actor: `user:${staffId}`, address: context.ip };
}

/** @throws AuthError unless the act is allowed */
function requireAllowed(verdict: StaffVerdict): void {
  switch (verdict) {
    case 'allowed':
      return;
    case 'not_found':
      throw new AuthError('not_found');
    case 'not_allowed':
      throw new AuthError('permission_denied', { reason: 'not_allowed_on_staff' });
    case 'last_superuser':
      throw new AuthError('permission_denied', {
        detail: 'The last superuser cannot be deactivated.',
        reason: verdict,
      });
  }
}
