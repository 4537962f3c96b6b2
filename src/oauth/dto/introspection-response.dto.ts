import { ApiProperty, ApiPropertyOptional } from '../../http/openapi.decorators.js';
import { sessionIdOf } from '../../ledger/domain/session-claims.js';
import type { Claims } from '../../tokens/domain/compact.js';
import { userIdText } from '../../tokens/domain/user-id.js';

/** What is told of a token (RFC 7662 §2.2). Of one that is not active nothing else is. */
export class IntrospectionResponse {
  @ApiProperty({ description: 'Whether the token would be accepted now.' })
  active: boolean;

  @ApiPropertyOptional({
    description: 'How to send it; absent for refresh tokens, which open nothing by themselves.',
    example: 'Bearer',
  })
  token_type?: string;

  @ApiPropertyOptional({ enum: ['access', 'refresh', 'sliding'] })
  token_use?: string;

  @ApiPropertyOptional({ example: 'alice' })
  username?: string;

  @ApiPropertyOptional({ description: 'The user id claim.', example: '1' })
  sub?: string;

  @ApiPropertyOptional({ description: 'Seconds since the epoch.' })
  exp?: number;

  @ApiPropertyOptional({ description: 'Seconds since the epoch.' })
  iat?: number;

  @ApiPropertyOptional({ description: 'Seconds since the epoch.' })
  nbf?: number;

  @ApiPropertyOptional({
    oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
  })
  aud?: string | string[];

  @ApiPropertyOptional()
  iss?: string;

  @ApiPropertyOptional()
  jti?: string;

  @ApiPropertyOptional({ description: 'The session, 32 hex digits.' })
  sid?: string;
}

/** Of what the claims do not say by themselves. */
export interface IntrospectedToken {
  readonly claims: Claims;
  readonly use: 'access' | 'refresh' | 'sliding';
  /** The keyword before it in the header. */
  readonly keyword: string | undefined;
  readonly username: string;
  readonly userId: unknown;
  readonly id: string | null;
}

/**
 * The members for a live token. Claims of the host's own are left out: they are for the host, and a client of this
 * endpoint may be somebody else. No client asked for the token, so that there is no `client_id`, and no `scope`.
 */
export function introspectionResponse(token: IntrospectedToken): IntrospectionResponse {
  const { claims, use, keyword, username } = token;
  const { exp, iat, nbf, aud, iss } = claims;
  return {
    active: true,
    ...(use === 'refresh' ? {} : { token_type: keyword }),
    token_use: use,
    username,
    sub: userIdText(token.userId) ?? undefined,
    exp: wholeSeconds(exp),
    iat: wholeSeconds(iat),
    nbf: wholeSeconds(nbf),
    aud: audience(aud),
    iss: typeof iss === 'string' ? iss : undefined,
    jti: token.id ?? undefined,
    sid: sessionIdOf(claims) ?? undefined,
  };
}

function wholeSeconds(instant: unknown): number | undefined {
  return typeof instant === 'number' ? Math.floor(instant) : undefined;
}

function audience(aud: unknown): string | string[] | undefined {
  return Array.isArray(aud) ? aud.map(String) : typeof aud === 'string' ? aud : undefined;
}
