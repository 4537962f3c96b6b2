import { Injectable } from '@nestjs/common';
import { trimText } from '../common/char-field.js';
import { AuthError } from '../common/errors.js';
import { PasswordHasher } from '../users/password-hasher.js';
import { UserAuthenticationRule } from '../users/user-authentication-rule.js';
import { UserStore, type AuthUser } from '../users/user-store.js';

/** Checks user names and passwords. */
@Injectable()
export class LoginService {
  constructor(
    private readonly users: UserStore,
    private readonly hasher: PasswordHasher,
    private readonly rule: UserAuthenticationRule,
  ) {}

  /**
   * The user with this name and password, or null. Whatever the reason of a refusal, it costs one password hash for
   * each spelling, so that its time tells nobody which names exist (contract §5).
   *
   * @param password - as it was sent; it counts with and without surrounding white space (contract §4)
   * @throws UnavailableError when too many log-ins wait already
   */
  async findUser(username: string, password: string): Promise<AuthUser | null> {
    const candidates = [password, trimText(password)];
    const user = await this.users.findByUsername(username);
    if (user === null || !user.isActive) {
      await this.hasher.burn(candidates);
      return null;
    }
    const check = await this.hasher.verifyAny(candidates, user.password);
    if (!check.matches || check.candidate === null) return null;
    return check.needsUpgrade ? this.upgrade(user, check.candidate) : user;
  }

  /**
   * The user with this name and password who may get tokens.
   *
   * @throws AuthError `no_active_account`, never saying why
   */
  async login(username: string, password: string): Promise<AuthUser> {
    const user = await this.findUser(username, password);
    if (user && (await this.rule.allows(user))) return user;
    throw new AuthError('no_active_account', { reason: user ? 'rule' : 'credentials' });
  }

  /** A match with an outdated hash is stored anew; the tokens of this very log-in carry the new digest. */
  private async upgrade(user: AuthUser, password: string): Promise<AuthUser> {
    const encoded = await this.hasher.hash(password);
    const isWritten = await this.users.upgradePassword(user, encoded);
    return isWritten ? { ...user, password: encoded } : user;
  }
}
