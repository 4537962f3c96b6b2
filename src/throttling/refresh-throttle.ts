import { Injectable } from '@nestjs/common';
import { AuthSettings } from '../config/auth-settings.js';
import { counterKey } from './counter-key.js';
import { Counters } from './counters.js';
import { throttledError } from './throttled-error.js';

/** Limits the refreshes of a session by `REFRESH_LIMIT` (design §2). Without it, it executes nothing. */
@Injectable()
export class RefreshThrottle {
  constructor(
    private readonly settings: AuthSettings,
    private readonly counters: Counters,
  ) {}

  /**
   * Counts a refresh, whatever becomes of it.
   *
   * @param session - the verified id of the session; never a text that anybody can choose
   * @throws AuthError `throttled`
   */
  async count(session: string): Promise<void> {
    const { refreshLimit, signingKey } = this.settings;
    if (refreshLimit === null) return;
    const key = counterKey(signingKey, 'session', session);
    const wait = await this.counters.hit([{ key, limit: refreshLimit }]);
    if (wait > 0) throw throttledError(wait, 'refresh_limit');
  }
}
