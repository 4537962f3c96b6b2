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

/**
 * A refresh token to end.
 *
 * @publicApi
 */
export class TokenBlacklistDto extends TokenRefreshDto {}

/**
 * A token of any type to check.
 *
 * @publicApi
 */
export class TokenVerifyDto {
  @ApiProperty({ description: 'Token of any type.', example: 'eyJhbGciOi…' })
  @CharField()
  token: string;
}

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
