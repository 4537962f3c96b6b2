import { Injectable } from '@nestjs/common';
import { trimText } from '../http/char-field.js';
import { AuthError } from '../common/errors.js';
import type { RequestContext } from '../common/request-context.js';
import { LoginThrottle } from '../throttling/login-throttle.js';
import { PasswordDecoys } from './password-decoys.js';
import { PasswordHasher } from '../passwords/password-hasher.js';
import { UserStore, type AuthUser } from '../users/user-store.js';
import { LoginHooks } from './login-hooks.js';
import { LoginPolicy, type PasswordLogin } from './login-policy.js';

/** A name and a password that were given, and what for. */
interface Attempt extends Pick<PasswordLogin, 'purpose' | 'context'> {
  readonly username: string;
  readonly password: string;
}

/** The user, or why there is none: for the log, not for the client. */
type Outcome = { readonly user: AuthUser } | { readonly user: null; readonly reason: string };

/** A user whose password was right. */
interface Verified {
  readonly user: AuthUser;
  /** The password, where its hash is outdated and is to be stored anew; null otherwise. */
  readonly outdated: string | null;
}

/** Checks user names and passwords: the one way in for every door. */
@Injectable()
export class LoginService {
  constructor(
    private readonly users: UserStore,
    private readonly hasher: PasswordHasher,
    private readonly decoys: PasswordDecoys,
    private readonly policy: LoginPolicy,
    private readonly throttle: LoginThrottle,
    private readonly hooks: LoginHooks,
  ) {}

  /**
   * The user with this name and password for one request, or null. Whatever the reason of a refusal, it costs a check of
   * a stored password for each spelling, so that its time tells nobody which names exist (contract §5).
   *
   * @param password - as it was sent; it counts with and without surrounding white space (contract §4)
   * @throws UnavailableError when too many log-ins wait already
   * @throws AuthError `throttled` after too many failed attempts
   */
  async findUser(
    username: string,
    password: string,
    context: RequestContext,
  ): Promise<AuthUser | null> {
    return (await this.attempt({ username, password, context, purpose: 'request' })).user;
  }

  /**
   * The user with this name and password who may get tokens. Throws as `findUser` does, and:
   *
   * @throws AuthError `no_active_account`, never saying why
   */
  async login(username: string, password: string, context: RequestContext): Promise<AuthUser> {
    const outcome = await this.attempt({ username, password, context, purpose: 'session' });
    if (outcome.user !== null) return outcome.user;
    throw new AuthError('no_active_account', { reason: outcome.reason });
  }

  /**
   * The user with this key, where the password is right: a check of the old password in an open session that wants to
   * change it. It is no log-in: it has a limit of its own, and neither the policy nor a hook hears of it.
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
   * One attempt: the limits around password and policy, then the hook. Nothing is changed before the limits have let the
   * attempt pass. The user is looked up first, since the limits count by account, whatever the spelling of its name; a
   * name that nobody has counts alike.
   */
  private async attempt({ username, password, context, purpose }: Attempt): Promise<Outcome> {
    const found = await this.users.findByUsername(username);
    const account = { id: found === null ? null : String(found.id), username };
    let reason = 'credentials';
    const verified = await this.throttle.run(account, context, async () => {
      const match = await this.verify(username, found, password);
      if (match === null) return null;
      const assessed = await this.policy.assess({ user: match.user, context, purpose });
      if (assessed.verdict === 'allow') return match;
      reason = assessed.reason;
      return null;
    });
    if (verified === null) {
      await this.hooks.onLoginFailed(username, context);
      return { user: null, reason };
    }
    const { user, outdated } = verified;
    return { user: outdated === null ? user : await this.upgrade(user, outdated) };
  }

  private async verify(
    username: string,
    user: AuthUser | null,
    password: string,
  ): Promise<Verified | null> {
    const candidates = [password, trimText(password)];
    const userDecoy = user === null ? null : this.hasher.decoyOf(user.password);
    // Also where it is not needed: the first call waits for a sample of the table.
    const nameDecoy = await this.decoys.of(username, userDecoy);
    if (user === null || userDecoy === null || !user.isActive) {
      // The stored hash of an inactive user would tell by its time whether the password was right.
      await this.hasher.verifyAny(candidates, userDecoy ?? nameDecoy);
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
