import { ApiProperty } from '../../http/openapi.decorators.js';
import { CharField } from '../../http/char-field.js';

/**
 * Credentials of a log-in, for a pair and for a sliding token alike (contract §4).
 *
 * @publicApi
 */
export class TokenObtainPairDto {
  @ApiProperty({
    description: 'Compared exactly; surrounding white space is dropped.',
    example: 'alice',
  })
  @CharField()
  username: string;

  @ApiProperty({ format: 'password', example: 'wonderland' })
  @CharField({ trim: false })
  password: string;
}
