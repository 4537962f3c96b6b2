import { ApiProperty } from '../../common/openapi.decorators.js';
import Bowser from 'bowser';
import type { SessionInfo } from '../../ledger/refresh-token-ledger.js';

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

  @ApiProperty({ format: 'date-time', type: String, nullable: true })
  last_used_at: string | null;

  @ApiProperty({ format: 'date-time', description: 'When it ends unless it is used.' })
  expires_at: string;

  @ApiProperty({ type: String, nullable: true, example: '203.0.113.7' })
  ip: string | null;

  @ApiProperty({ type: String, nullable: true })
  user_agent: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'Firefox on Linux' })
  client: string | null;
}

/** The members that leave the server. */
export function sessionResponse(session: SessionInfo, currentId: string | null): SessionResponse {
  return {
    id: session.id,
    current: session.id === currentId,
    created_at: session.createdAt.toISOString(),
    last_used_at: session.lastUsedAt?.toISOString() ?? null,
    expires_at: session.expiresAt.toISOString(),
    ip: session.ip,
    user_agent: session.userAgent,
    client: clientLabel(session.userAgent),
  };
}

/** "Firefox on Linux" for a browser, the product's name for anything else that names one, else null. */
function clientLabel(userAgent: string | null): string | null {
  if (userAgent === null || userAgent.trim() === '') return null;
  const { browser, os } = Bowser.parse(userAgent);
  if (browser.name) return os.name ? `${browser.name} on ${os.name}` : browser.name;
  return /^[\w.-]+/.exec(userAgent)?.[0] ?? null;
}
