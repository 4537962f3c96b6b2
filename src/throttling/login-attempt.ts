import type { RateLimitKey } from './rate-limit-key.js';
import type { LoginLimits } from './login-limits.js';

/**
 * One attempt, and what it is counted by. Whether its client is known to the user costs a statement, which is only sent
 * once it matters; until then the attempt is counted as both.
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
   * The limits that decide. That of the client counts for strangers as well, so that a log-in in between, which makes the
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

  /** Where the attempt waits for its turn: among strangers until it is settled. */
  get places(): RateLimitKey[] {
    const { account, network, addresses } = this.limits;
    const own = this.isKnown === true ? network : account;
    return own === null ? [...addresses] : [own, ...addresses];
  }
}
