import { Injectable, Optional } from '@nestjs/common';
import type { Authentication } from '../authentication/authentication.js';
import { ChainGuard } from './chain.guard.js';
import { JwtTokenOnlyAuthentication } from '../authentication/jwt-stateless-authentication.js';
import { required } from '../config/module-checks.js';

/**
 * Opens a handler for those who show an access token, and believes it: the user comes from its claims (`TokenUser`).
 * No user and no session is looked up, so that log-out, a changed password and deactivation count only from the token's
 * `exp` on. No statement is ever executed.
 *
 * @publicApi
 * @throws AuthError `not_authenticated`, `bad_authorization_header` or `token_not_valid`
 */
@Injectable()
export class StatelessJwtAuthGuard extends ChainGuard {
  private readonly chain: readonly Authentication[];

  constructor(@Optional() authentication?: JwtTokenOnlyAuthentication) {
    super();
    this.chain = [required(authentication, new.target.name)];
  }

  protected override chainOf(): readonly Authentication[] {
    return this.chain;
  }
}
