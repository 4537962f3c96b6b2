import { ApiProperty } from '../../http/openapi.decorators.js';
import { CharField } from '../../http/char-field.js';

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
