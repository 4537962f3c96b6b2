import { ApiProperty } from '../../http/openapi.decorators.js';

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
