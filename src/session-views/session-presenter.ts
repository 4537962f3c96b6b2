import { Injectable } from '@nestjs/common';
import { clientLabel } from '../ledger/client-label.js';
import type { SessionInfo, SessionPage } from '../ledger/refresh-token-ledger.js';
import type { SessionResponse, StaffSessionResponse } from './dto/session-response.dto.js';

const HOUR = 3_600_000;

/**
 * A page of sessions as it leaves the server.
 *
 * @publicApi
 */
export interface SessionResponsePage<
  Response extends SessionResponse = SessionResponse,
> extends Omit<SessionPage, 'sessions'> {
  readonly sessions: readonly Response[];
}

/**
 * Makes what leaves the server of a session, for its owner and for staff. Hosts provide a subclass to show more or less:
 * `overrides: { sessionPresenter: MyPresenter }`.
 *
 * @example
 * class MyPresenter extends SessionPresenter {
 *   override async forStaff(session: SessionInfo) {
 *     return Object.assign(await super.forStaff(session), { city: await cityOf(session.ip) });
 *   }
 * }
 *
 * @publicApi
 */
@Injectable()
export class SessionPresenter {
  /**
   * A session in the list of its owner. A thief with a copy of a session's tokens can ask as well as the owner, and must
   * not see when, where and by what the owner has refreshed: that would tell the thief when to present which token
   * (design §3).
   *
   * @param currentId - the asking session; null where it is unknown, so that any may be the asking one
   */
  async forOwner(session: SessionInfo, currentId: string | null): Promise<SessionResponse> {
    const mayBeCurrent = currentId === null || session.id === currentId;
    return {
      id: session.id,
      current: session.id === currentId,
      created_at: session.createdAt.toISOString(),
      last_used_at: session.lastUsedAt && wholeHour(session.lastUsedAt, Math.floor),
      expires_at: wholeHour(session.expiresAt, Math.ceil),
      ip: mayBeCurrent ? session.createdIp : session.ip,
      client: mayBeCurrent ? session.createdClient : clientLabel(session.userAgent),
    };
  }

  /** A session in the list that staff see, with exact times. */
  async forStaff(session: SessionInfo): Promise<StaffSessionResponse> {
    return {
      id: session.id,
      current: false,
      created_at: session.createdAt.toISOString(),
      last_used_at: session.lastUsedAt?.toISOString() ?? null,
      expires_at: session.expiresAt.toISOString(),
      ip: session.ip,
      user_agent: session.userAgent,
      client: clientLabel(session.userAgent),
    };
  }
}

/** The page with each of its sessions presented. */
export async function presentedPage<Response extends SessionResponse>(
  page: SessionPage,
  present: (session: SessionInfo) => Promise<Response>,
): Promise<SessionResponsePage<Response>> {
  return { ...page, sessions: await Promise.all(page.sessions.map(present)) };
}

function wholeHour(instant: Date, round: (hours: number) => number): string {
  return new Date(round(instant.getTime() / HOUR) * HOUR).toISOString();
}
