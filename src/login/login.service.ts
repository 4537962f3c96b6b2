import { Injectable } from '@nestjs/common';
import { trimText } from '../http/char-field.js';
import { AuthError } from '../common/errors.js';
import type { RequestContext } from '../common/request-context.js';
import { LoginThrottle } from '../throttling/login-throttle.js';
import { PasswordDecoys } from './password-decoys.js';
import { PasswordHasher } from '../passwords/password-hasher.js';
import { UserAuthenticationRule } from '../users/user-authentication-rule.js';
import { UserStore, type AuthUser } from '../users/user-store.js';
import { LoginHooks } from './login-hooks.js';

/** A user whose password was right. */
interface Verified {
  readonly user: AuthUser;
  /** The password, where its hash is outdated and is to be stored anew; null otherwise. */
  readonly outdated: string | null;
}

/** Checks user names and passwords. */
@Injectable()
export class LoginService {
  constructor(
    private readonly users: UserStore,
    private readonly hasher: PasswordHasher,
    private readonly decoys: PasswordDecoys,
    private readonly rule: UserAuthenticationRule,
    private readonly throttle: LoginThrottle,
    private readonly hooks: LoginHooks,
  ) {}

  /**
   * The user with this name and password, or null. Whatever the reason of a refusal, it costs a check of a stored password
   * for each spelling, so that its time tells nobody which names exist (contract §5).
   *
   * @param password - as it was sent; it counts with and without surrounding white space (contract §4)
   * @throws UnavailableError when too many log-ins wait already
   * @throws AuthError `throttled` after too many failed attempts
   */
  findUser(username: string, password: string, context: RequestContext): Promise<AuthUser | null> {
    return this.attempt(username, context, (user) => this.verify(username, user, password));
  }

  /**
   * The user with this name and password who may get tokens. Throws as `findUser` does, and:
   *
   * @throws AuthError `no_active_account`, never saying why
   */
  async login(username: string, password: string, context: RequestContext): Promise<AuthUser> {
    let reason = 'credentials';
    const user = await this.attempt(username, context, async (found) => {
      const verified = await this.verify(username, found, password);
      if (verified === null) return null;
      if (!(await this.rule.allows(verified.user))) reason = 'rule';
      else if (!(await this.isNamedAlone(verified.user))) reason = 'token_id_not_unique';
      else return verified;
      return null;
    });
    if (user === null) throw new AuthError('no_active_account', { reason });
    return user;
  }

  /**
   * The user with this key, where the password is the right one: who has a session open and wants to change it. No log-in:
   * it has a limit of its own, and no hook hears of it.
   *
   * @param session - 32 hex digits; null where the credentials name none
   * @throws AuthError `throttled` after too many wrong ones in this session
   * @throws UnavailableError when too many log-ins wait already
   */
  async confirm(id: string, session: string | null, password: string): Promise<AuthUser | null> {
    const user = await this.users.findById(id);
    const verified = await this.throttle.confirm(id, session, () =>
      this.verify(user?.username ?? '', user, password),
    );
    return verified?.user ?? null;
  }

  /**
   * One attempt, limited; it changes nothing before the limits have let it pass. The user is looked up first, since it is
   * the account that counts, whatever its spelling; so is a name that nobody has.
   */
  private async attempt(
    username: string,
    context: RequestContext,
    check: (user: AuthUser | null) => Promise<Verified | null>,
  ): Promise<AuthUser | null> {
    const found = await this.users.findByUsername(username);
    const account = { id: found === null ? null : String(found.id), username };
    const verified = await this.throttle.run(account, context, () => check(found));
    if (verified === null) {
      await this.hooks.onLoginFailed(username, context);
      return null;
    }
    const { user, outdated } = verified;
    return outdated === null ? user : this.upgrade(user, outdated);
  }

  /**
   * Whether the user id claim names this user and nobody else. Nothing forces the column of `USER_ID_FIELD` to be unique
   * and filled (Django's `email` is neither), and a token without a user id passes a refresh unseen (contract §7).
   */
  private async isNamedAlone({ id, tokenId }: AuthUser): Promise<boolean> {
    const { table } = this.users;
    if (table.tokenId === table.id) return true;
    const named = tokenId === '' ? null : await this.users.findByTokenId(String(tokenId));
    return named !== null && String(named.id) === String(id);
  }

  private async verify(
    username: string,
    user: AuthUser | null,
    password: string,
  ): Promise<Verified | null> {
    const candidates = [password, trimText(password)];
    const own = user === null ? null : this.hasher.decoyOf(user.password);
    // Also where it is not needed: the first one waits for a sample of the table.
    const standIn = await this.decoys.of(username, own);
    if (user === null || own === null || !user.isActive) {
      // An inactive user's own hash would tell by its time whether the password was right.
      await this.hasher.verifyAny(candidates, own ?? standIn);
      return null;
    }
    const check = await this.hasher.verifyAny(candidates, user.password);
    if (!check.matches || check.candidate === null) return null;
    return { user, outdated: check.needsUpgrade ? check.candidate : null };
  }

  /** A match with an outdated hash is stored anew; the tokens of this very log-in carry the new digest. */
  private async upgrade(user: AuthUser, password: string): Promise<AuthUser> {
    const encoded = await this.hasher.hash(password);
    if (await this.users.upgradePassword(user, encoded)) return { ...user, password: encoded };
    // Another log-in stored it anew first, or the password was changed meanwhile: what is stored now decides.
    const stored = await this.users.findByUsername(user.username);
    const check = stored && (await this.hasher.verifyAny([password], stored.password));
    return stored && check?.matches ? stored : user;
  }
}
