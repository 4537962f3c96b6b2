import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { AuthenticatedUser } from '../auth/authenticated-user.js';
import { AuthError } from '../common/errors.js';

/**
 * Lets staff pass, behind a guard that has found the user: `@UseGuards(AuthenticationGuard, StaffGuard)`.
 *
 * @publicApi
 */
@Injectable()
export class StaffGuard implements CanActivate {
  /** @throws AuthError `permission_denied` for everybody else */
  canActivate(context: ExecutionContext): boolean {
    const { user } = context.switchToHttp().getRequest<{ user?: AuthenticatedUser }>();
    if (user?.isStaff !== true) throw new AuthError('permission_denied', { reason: 'not_staff' });
    return true;
  }
}
