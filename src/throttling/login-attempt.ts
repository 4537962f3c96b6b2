import type { RateLimitKey } from './rate-limit-key.js';
import type { LoginLimits } from './login-limits.js';

/**
 * One attempt, and what it is counted by. Whether its client is known to the user costs a statement, so nobody asks
 * before it matters; until then it is counted as either.
 */
export class LoginAttempt {
  private isKnown: boolean | null;

  constructor(
    private readonly limits: LoginLimits,
    private readonly askIsKnown: () => Promise<boolean>,
  ) {
    this.isKnown = limits.client === null ? false : null;
  }

  /** Key of the counter of strangers; empty where accounts have no limit. */
  get account(): string {
    return this.limits.account?.key ?? '';
  }

  get isSettled(): boolean {
    return this.isKnown !== null;
  }

  /** Finds out whether the client is known. */
  async settle(): Promise<void> {
    this.isKnown ??= await this.askIsKnown();
  }

  /**
   * The counters that decide. A client's own counts for strangers as well, so that a log-in in between, which makes the
   * client known, wipes nothing out.
   */
  get counted(): RateLimitKey[] {
    const { account, client, network, addresses } = this.limits;
    const own = [
      this.isKnown === true ? null : account,
      client,
      this.isKnown === false ? null : network,
    ];
    return [...own.filter((limited) => limited !== null), ...addresses];
  }

  /** Where it waits for its turn: among strangers as long as nobody has asked. */
  get places(): RateLimitKey[] {
    const { account, network, addresses } = this.limits;
    const own = this.isKnown === true ? network : account;
    return own === null ? [...addresses] : [own, ...addresses];
  }
}
