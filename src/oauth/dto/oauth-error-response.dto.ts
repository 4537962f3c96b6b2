import { ApiProperty } from '../../http/openapi.decorators.js';

/** Body of an error of the OAuth endpoints (RFC 6749 §5.2). */
export class OAuthErrorResponse {
  @ApiProperty({ example: 'invalid_client' })
  error: string;

  @ApiProperty({ example: 'Unknown client or wrong secret.' })
  error_description: string;
}
