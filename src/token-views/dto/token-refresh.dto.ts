import { ApiProperty } from '../../http/openapi.decorators.js';
import { CharField } from '../../http/char-field.js';

/**
 * A refresh token to trade in.
 *
 * @publicApi
 */
export class TokenRefreshDto {
  @ApiProperty({ description: 'Refresh token.', example: 'eyJhbGciOi…' })
  @CharField()
  refresh: string;
}
