import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../common/request-context.js';
import { UserAuthenticationRule } from '../users/user-authentication-rule.js';
import { UserStore, type AuthUser } from '../users/user-store.js';

/** A log-in whose password was right. */
export interface PasswordLogin {
  readonly user: AuthUser;
  readonly context: RequestContext;
  /** What the user gets: a session with its tokens, or this one request (HTTP Basic), which leaves nothing behind. */
  readonly purpose: 'session' | 'request';
}

/** Whether a log-in goes on. The reason is for the log: a client is never told why. */
export type LoginVerdict =
  { readonly verdict: 'allow' } | { readonly verdict: 'refuse'; readonly reason: string };

/**
 * Stands between the password and the session: `LoginService` asks it for every door (token views, `LocalAuthGuard`,
 * `AuthGuard('local')`, HTTP Basic). What refuses or demands more at log-in belongs here.
 */
@Injectable()
export class LoginPolicy {
  constructor(
    private readonly rule: UserAuthenticationRule,
    private readonly users: UserStore,
  ) {}

  /** A refused log-in counts for the limits as a wrong password does; one that throws does not count. */
  async assess({ user, purpose }: PasswordLogin): Promise<LoginVerdict> {
    // Contract §13: the rule says who may get tokens. Django REST framework's Basic does not know it.
    if (purpose === 'request') return { verdict: 'allow' };
    if (!(await this.rule.allows(user))) return { verdict: 'refuse', reason: 'rule' };
    if (!(await this.isNamedAlone(user))) {
      return { verdict: 'refuse', reason: 'token_id_not_unique' };
    }
    return { verdict: 'allow' };
  }

  /**
   * Whether the user id claim names this user and no other. The column of `USER_ID_FIELD` need not be unique and filled
   * (Django's `email` is neither), and a token without a user id passes a refresh unseen (contract §7).
   */
  private async isNamedAlone({ id, tokenId }: AuthUser): Promise<boolean> {
    const { table } = this.users;
    if (table.tokenId === table.id) return true;
    const named = tokenId === '' ? null : await this.users.findByTokenId(String(tokenId));
    return named !== null && String(named.id) === String(id);
  }
}
