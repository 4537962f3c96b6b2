import { Injectable, Optional, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { AccountOwner } from '../authentication/account-owner.js';
import type { AuthenticatedUser } from '../users/authenticated-user.js';
import { requestOf } from '../transports/request-of.js';
import { GuardKind } from '../guards/route-rules.js';
import { AuthError } from '../common/errors.js';

/**
 * Lets staff pass. It stands after a guard that has found the user: `@UseGuards(AuthenticationGuard, StaffGuard)`. Where
 * that guard believed the claims of a token, the stored user decides, since the tokens of a former member of staff still
 * claim the status. Only a service without users believes the claim.
 *
 * @publicApi
 */
@Injectable()
@GuardKind('narrowing')
export class StaffGuard implements CanActivate {
  constructor(@Optional() private readonly owners?: AccountOwner) {}

  /** @throws AuthError `permission_denied` for everybody else; 401 for a token whose user may not use it any more */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const user = requestOf(context).user as AuthenticatedUser | undefined;
    const owner = user && this.owners ? await this.owners.of(user) : user;
    if (owner?.isStaff !== true) throw new AuthError('permission_denied', { reason: 'not_staff' });
    return true;
  }
}
