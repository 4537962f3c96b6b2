/**
 * The answer to whether one of several spellings of a password is the stored one.
 *
 * @publicApi
 */
export interface CandidateCheck {
  matches: boolean;
  /** Whether to store `hash(candidate)` in place of the stored text; only ever true on a match. */
  needsUpgrade: boolean;
  /** The spelling that matched, which is the one to hash for an upgrade; null when none did. */
  candidate: string | null;
}

/**
 * Hashes and checks passwords in the form of Django's `auth_user.password` (contract §15).
 *
 * Every implementation promises that a refusal tells nothing by its time (contract §5): a check that does
 * not match takes at least as long as one new hash for each candidate, and no longer where the stored one does not
 * cost more. For an unknown or inactive user a decoy is checked with the same candidates.
 *
 * @publicApi
 */
export abstract class PasswordHasher {
  /**
   * Whether any of the candidates is the stored password; they are tried in order and equal ones once.
   * For a log-in these are the text as sent and the text trimmed (contract §4).
   *
   * @throws {UnavailableError} `unavailable` when too many checks wait already
   */
  abstract verifyAny(candidates: readonly string[], encoded: string): Promise<CandidateCheck>;

  /**
   * A new hash with a new salt, in the preferred format.
   *
   * @throws {UnavailableError} `unavailable` when too many checks wait already
   */
  abstract hash(password: string): Promise<string>;

  /**
   * A stored text that costs as much to check as this one and that no password matches: it is checked where a user is
   * unknown or inactive. Equal costs give equal texts, by which users are counted.
   *
   * Without an override it is `!`, which costs a new hash: right where no stored hash costs more.
   *
   * @returns null for a text that nothing matches anyhow, such as `!`; then another user's decoy is checked in its place
   */
  decoyOf(encoded: string): string | null {
    return encoded.startsWith('!') ? null : '!';
  }

  /**
   * Takes as long as a new hash for each candidate: for an implementation whose own check was quicker.
   *
   * @throws {UnavailableError} `unavailable` when too many checks wait already
   */
  async verifyDummy(candidates: readonly string[]): Promise<void> {
    // '!' is an account without a password, which nothing matches.
    await this.verifyAny(candidates, '!');
  }
}
