import { ApiProperty } from '../../http/openapi.decorators.js';
import { CharField } from '../../http/char-field.js';

/**
 * A change of password by the user. Both passwords are taken exactly as sent.
 *
 * @publicApi
 */
export class ChangePasswordDto {
  @ApiProperty({ format: 'password' })
  @CharField({ trim: false })
  old_password: string;

  @ApiProperty({ format: 'password' })
  @CharField({ trim: false })
  new_password: string;
}
