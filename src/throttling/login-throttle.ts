import { Injectable } from '@nestjs/common';
import { RecentMap } from '../common/recent-map.js';
import type { RequestContext } from '../common/request-context.js';
import { KeyedSemaphore } from '../common/semaphore.js';
import { AuthSettings } from '../config/auth-settings.js';
import { RateLimitStore } from './rate-limit-store.js';
import { KnownClients } from './known-clients.js';
import { LoginAttempt } from './login-attempt.js';
import { loginLimits, passwordChangeLimits, type TriedAccount } from './login-limits.js';
import { throttledError } from './throttled-error.js';

/** Accounts and addresses with failed attempts that each node knows of. */
const SUSPECTS = 4096;
/** Attempts that may wait for the places of one account or address, on each node. */
const LONGEST_QUEUE = 250;

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
  private readonly places = new KeyedSemaphore({
    waiting: LONGEST_QUEUE,
    fullReason: 'login_queue_full',
  });
  /** Until when the last failure that this node has seen may count, ms on the monotonic clock. */
  private readonly suspects = new RecentMap<string, number>(SUSPECTS);
  /** Until when a limit that this node has seen reached holds, ms on the monotonic clock. */
  private readonly reached = new RecentMap<string, number>(SUSPECTS);

  constructor(
    private readonly settings: AuthSettings,
    private readonly store: RateLimitStore,
    private readonly clients: KnownClients,
  ) {}

  /**
   * Makes one attempt to log in. A check that returns null is a failed one; one that throws has told the caller nothing
   * about the password and does not count. The client of a successful one is known from then on.
   *
   * @param check - must take as long for a wrong password as for a right one, and change nothing
   * @throws AuthError `throttled`, whatever the check said
   * @throws UnavailableError when too many attempts on this account wait already
   */
  async run<T>(
    account: TriedAccount,
    context: RequestContext,
    check: () => Promise<T | null>,
  ): Promise<T | null> {
    const attempt = new LoginAttempt(loginLimits(this.settings, account, context), () =>
      this.clients.isKnown(account.id, context),
    );
    const found = await this.limit(attempt, check);
    if (found !== null && account.id !== null && this.settings.loginLimit !== null) {
      await this.clients.note(account.id, context);
    }
    return found;
  }

  /**
   * Makes one attempt to give the password once more, in an open session that wants to change it. It is counted for user
   * and session alone: guesses at the log-in cannot keep the owner from it.
   *
   * @param session - null where the credentials name none
   * @throws AuthError `throttled`, whatever the check said
   */
  confirm<T>(
    user: string,
    session: string | null,
    check: () => Promise<T | null>,
  ): Promise<T | null> {
    const limits = passwordChangeLimits(this.settings, user, session);
    return this.limit(new LoginAttempt(limits, () => Promise.resolve(false)), check);
  }

  private async limit<T>(attempt: LoginAttempt, check: () => Promise<T | null>): Promise<T | null> {
    if (attempt.counted.length === 0) return check();
    // A known client has places of its own: it must not wait in line behind strangers.
    if (isUntil(this.reached, attempt.account)) await attempt.settle();
    let work = (): Promise<T | null> => this.make(attempt, check);
    // Every attempt takes the place of the account before that of the address, so none waits in a circle.
    for (const { key, limit } of attempt.places.toReversed()) {
      const inner = work;
      work = () => this.places.run(key, limit.attempts, inner);
    }
    return work();
  }

  private async make<T>(attempt: LoginAttempt, check: () => Promise<T | null>): Promise<T | null> {
    if (attempt.counted.some(({ key }) => isUntil(this.suspects, key))) {
      refuseFor(await this.look(attempt));
    }
    const found = await check();
    const wait = await (found === null ? this.count(attempt) : this.look(attempt));
    if (found === null || wait > 0) this.suspect(attempt);
    refuseFor(wait);
    return found;
  }

  /** Whether the client is known matters only where a limit is reached, which saves every other log-in a statement. */
  private async look(attempt: LoginAttempt): Promise<number> {
    const wait = await this.store.get(attempt.counted);
    if (wait === 0 || attempt.isSettled) return wait;
    this.reached.set(attempt.account, performance.now() + wait * 1000);
    await attempt.settle();
    return this.store.get(attempt.counted);
  }

  private async count(attempt: LoginAttempt): Promise<number> {
    await attempt.settle();
    return this.store.consume(attempt.counted);
  }

  private suspect(attempt: LoginAttempt): void {
    const now = performance.now();
    for (const { key, limit } of attempt.counted) {
      this.suspects.set(key, now + limit.window * 1000);
    }
  }
}

function isUntil(times: RecentMap<string, number>, key: string): boolean {
  return (times.get(key) ?? 0) > performance.now();
}

function refuseFor(wait: number): void {
  if (wait > 0) throw throttledError(wait, 'login_limit');
}
