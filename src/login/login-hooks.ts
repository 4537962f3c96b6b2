import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../common/request-context.js';
import { Clock } from '../common/clock.js';
import { UserStore, type AuthUser } from '../users/user-store.js';

/**
 * SimpleJWT's `ON_LOGIN_SUCCESS` and `ON_LOGIN_FAILED` (contract §16). Hosts provide a subclass to act on log-ins.
 *
 * @publicApi
 */
@Injectable()
export class LoginHooks {
  constructor(
    private readonly users: UserStore,
    private readonly clock: Clock,
  ) {}

  /** Called after a log-in, if `UPDATE_LAST_LOGIN` is on. Writes `last_login`. */
  async onLoginSuccess(user: AuthUser, _context: RequestContext): Promise<void> {
    await this.users.recordLogin(user, new Date(this.clock.now()));
  }

  /** Called after a refused log-in, with the name that was tried; never with the password. Does nothing. */
  async onLoginFailed(_username: string, _context: RequestContext): Promise<void> {}
}
