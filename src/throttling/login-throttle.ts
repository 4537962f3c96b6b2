import { Injectable } from '@nestjs/common';
import { RecentMap } from '../common/recent-map.js';
import type { RequestContext } from '../common/request-context.js';
import { AuthSettings } from '../config/auth-settings.js';
import { accountName, addressName, counterKey } from './counter-key.js';
import { Counters, type Limited } from './counters.js';
import { Places } from './places.js';
import { throttledError } from './throttled-error.js';

/** Accounts and addresses with failed attempts that each node knows of. */
const SUSPECTS = 4096;

/**
 * Limits failed log-ins by `LOGIN_LIMIT` and `LOGIN_LIMIT_ADDRESS` (design §2). Without either it executes nothing.
 *
 * It counts after the check, and answers by what the count says then: of many guesses made at once, no more than the
 * limit are told that they are wrong, and the right one among the others is told the same as they are. So parallel
 * guesses learn nothing more than guesses one after the other, while right passwords in parallel are all let in, which
 * reserving attempts beforehand would not do. Each node checks only as many passwords at once as there are attempts, so
 * that a burst of guesses costs few hashes. Where it has seen attempts fail, it looks at the count before the check as
 * well, so that beyond the limit none is made; where it has not, the look after the check is all that is needed.
 */
@Injectable()
export class LoginThrottle {
  private readonly places = new Places();
  /** Until when the last failure that this node has seen may count, ms on the monotonic clock. */
  private readonly suspects = new RecentMap<string, number>(SUSPECTS);

  constructor(
    private readonly settings: AuthSettings,
    private readonly counters: Counters,
  ) {}

  /**
   * Makes one attempt to log in. A check that returns null is a failed one; one that throws has told the caller nothing
   * about the password and does not count.
   *
   * @param check - must take as long for a wrong password as for a right one, and change nothing
   * @throws AuthError `throttled`, whatever the check said
   * @throws UnavailableError when too many attempts on this account wait already
   */
  async run<T>(
    username: string,
    context: RequestContext,
    check: () => Promise<T | null>,
  ): Promise<T | null> {
    const limited = this.limitedBy(username, context);
    if (limited.length === 0) return check();
    let work = (): Promise<T | null> => this.attempt(limited, check);
    // Everybody takes the place of the account before that of the address, so nobody waits in a circle.
    for (const { key, limit } of limited.toReversed()) {
      const inner = work;
      work = () => this.places.run(key, limit.attempts, inner);
    }
    return work();
  }

  private async attempt<T>(
    limited: readonly Limited[],
    check: () => Promise<T | null>,
  ): Promise<T | null> {
    if (this.areSuspect(limited)) refuseFor(await this.counters.peek(limited));
    const found = await check();
    const wait = await (found === null ? this.counters.hit(limited) : this.counters.peek(limited));
    if (found === null || wait > 0) this.suspect(limited);
    refuseFor(wait);
    return found;
  }

  private areSuspect(limited: readonly Limited[]): boolean {
    const now = performance.now();
    return limited.some(({ key }) => (this.suspects.get(key) ?? 0) > now);
  }

  private suspect(limited: readonly Limited[]): void {
    const now = performance.now();
    for (const { key, limit } of limited) this.suspects.set(key, now + limit.window * 1000);
  }

  private limitedBy(username: string, { ip }: RequestContext): Limited[] {
    const { loginLimit, loginLimitAddress, signingKey } = this.settings;
    const limited: Limited[] = [];
    if (loginLimit !== null) {
      const key = counterKey(signingKey, 'account', accountName(username));
      limited.push({ key, limit: loginLimit });
    }
    const address = addressName(ip);
    if (loginLimitAddress !== null && address !== null) {
      const key = counterKey(signingKey, 'address', address);
      limited.push({ key, limit: loginLimitAddress });
    }
    return limited;
  }
}

function refuseFor(wait: number): void {
  if (wait > 0) throw throttledError(wait, 'login_limit');
}
