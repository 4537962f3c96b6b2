import { ApiProperty } from '../../http/openapi.decorators.js';
import type { AuthenticatedUser } from '../../users/authenticated-user.js';

/**
 * The signed-in user (contract §1).
 *
 * @publicApi
 */
export class ProfileResponse {
  @ApiProperty({
    type: 'integer',
    example: 1,
    description: 'Of a stateless token: the claim as it is.',
  })
  id: unknown;

  @ApiProperty({ example: 'alice' })
  username: string;
}

/**
 * The members that leave the server.
 *
 * @param further - from `UserStore.profileOf`
 */
export function profileResponse(
  { id, username }: AuthenticatedUser,
  further: Readonly<Record<string, unknown>> = {},
): ProfileResponse {
  const known = { id, username };
  return { ...known, ...further, ...known };
}
