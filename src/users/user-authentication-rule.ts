import { Injectable } from '@nestjs/common';
import { AuthSettings } from '../config/auth-settings.js';
import type { AuthUser } from './user-store.js';

/**
 * SimpleJWT's `USER_AUTHENTICATION_RULE`: who may get tokens. Asked at log-in and at both kinds of refresh, not by
 * the guard (contract §13). Hosts provide a subclass to change it.
 *
 * @publicApi
 */
@Injectable()
export class UserAuthenticationRule {
  constructor(private readonly settings: AuthSettings) {}

  /** Whether a host has replaced this rule by another one, which statements cannot know. */
  get isCustom(): boolean {
    return this.allows !== UserAuthenticationRule.prototype.allows;
  }

  /** Whether this user may get tokens; null where there is no user. */
  allows(user: AuthUser | null): boolean | Promise<boolean> {
    return user !== null && (user.isActive || !this.settings.checkUserIsActive);
  }
}
