import { Injectable } from '@nestjs/common';
import { AuthSettings } from '../config/auth-settings.js';
import type { RateLimit } from '../config/setting-type.js';
import { rateLimitKey } from './rate-limit-key.js';
import { RateLimitStore } from './rate-limit-store.js';
import { throttledError } from './throttled-error.js';

/** Settings that are a limit, or null for none. */
type LimitSetting = {
  [Name in keyof AuthSettings]: RateLimit extends AuthSettings[Name] ? Name : never;
}[keyof AuthSettings];

/** Limits whatever has a limit among the settings (design §2). Where that is not set, it executes nothing. */
@Injectable()
export class Throttle {
  constructor(
    private readonly settings: AuthSettings,
    private readonly store: RateLimitStore,
  ) {}

  /**
   * Counts an attempt, whatever becomes of it.
   *
   * @param setting - the limit: `refreshLimit` …
   * @param subject - whose attempts are counted together: a verified id, never a text that anybody can choose
   * @throws AuthError `throttled`
   */
  async count(setting: LimitSetting, subject: string): Promise<void> {
    const limit = this.settings[setting];
    if (limit === null) return;
    const key = rateLimitKey(this.settings.signingKey, limit, setting, subject);
    const wait = await this.store.consume([key]);
    if (wait > 0) throw throttledError(wait, inSnakeCase(setting));
  }
}

function inSnakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
