import { ApiProperty, ApiPropertyOptional } from '../../http/openapi.decorators.js';

/** Body of a request to an OAuth endpoint (RFC 7009 §2.1, RFC 7662 §2.1). */
export class TokenRequest {
  @ApiProperty({ description: 'A token of any kind.', example: 'eyJhbGciOi…' })
  token: string;

  @ApiPropertyOptional({ description: 'Not needed, and ignored.', example: 'refresh_token' })
  token_type_hint?: string;

  @ApiPropertyOptional({ description: 'With `client_secret`, in place of HTTP Basic.' })
  client_id?: string;

  @ApiPropertyOptional()
  client_secret?: string;
}
