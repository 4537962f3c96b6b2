import { ApiProperty } from '../../http/openapi.decorators.js';
import { clientLabel } from '../../ledger/client-label.js';
import type { SessionInfo } from '../../ledger/refresh-token-ledger.js';

const HOUR = 3_600_000;

/**
 * One session in the list of its user. Instants are RFC 3339 in UTC.
 *
 * @publicApi
 */
export class SessionResponse {
  @ApiProperty({ example: '6f55e28514a375fa4af11920fbc37d51' })
  id: string;

  @ApiProperty({ description: 'Whether this request belongs to it.' })
  current: boolean;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  @ApiProperty({
    format: 'date-time',
    type: String,
    nullable: true,
    description: "The beginning of the hour in the user's own list.",
  })
  last_used_at: string | null;

  @ApiProperty({
    format: 'date-time',
    description: "When it ends unless it is used; the end of the hour in the user's own list.",
  })
  expires_at: string;

  @ApiProperty({
    type: String,
    nullable: true,
    example: '203.0.113.7',
    description: 'Where it was used last; where it was started, for the current one.',
  })
  ip: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    example: 'Firefox on Linux',
    description: 'By what it was used last; by what it was started, for the current one.',
  })
  client: string | null;
}

/**
 * One session as staff see it, with exact times.
 *
 * @publicApi
 */
export class StaffSessionResponse extends SessionResponse {
  @ApiProperty({ type: String, nullable: true })
  user_agent: string | null;
}

/**
 * The members that leave the server for the session's own user. Whoever holds a copy of a session's tokens can ask as
 * well as its owner, and must not see when, where and by what the owner has refreshed: that would tell him when to
 * present which token (design §3).
 *
 * @param currentId - the asking session; null where it is not known, so that any may be the asking one
 */
export function sessionResponse(session: SessionInfo, currentId: string | null): SessionResponse {
  const isWatched = currentId === null || session.id === currentId;
  return {
    id: session.id,
    current: session.id === currentId,
    created_at: session.createdAt.toISOString(),
    last_used_at: session.lastUsedAt && wholeHour(session.lastUsedAt, Math.floor),
    expires_at: wholeHour(session.expiresAt, Math.ceil),
    ip: isWatched ? session.createdIp : session.ip,
    client: isWatched ? session.createdClient : clientLabel(session.userAgent),
  };
}

/** The members that leave the server for staff. */
export function staffSessionResponse(session: SessionInfo): StaffSessionResponse {
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

function wholeHour(instant: Date, round: (hours: number) => number): string {
  return new Date(round(instant.getTime() / HOUR) * HOUR).toISOString();
}
