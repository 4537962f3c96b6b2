import { ApiProperty } from '../../http/openapi.decorators.js';
import { CharField } from '../../http/char-field.js';

/**
 * A sliding token to extend.
 *
 * @publicApi
 */
export class TokenRefreshSlidingDto {
  @ApiProperty({ description: 'Sliding token that has not expired.', example: 'eyJhbGciOi…' })
  @CharField()
  token: string;
}
