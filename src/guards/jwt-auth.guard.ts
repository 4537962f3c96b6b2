import { Injectable, Optional } from '@nestjs/common';
import type { Authentication } from '../authentication/authentication.js';
import { ChainGuard } from './chain.guard.js';
import { JwtAuthentication } from '../authentication/jwt-authentication.js';
import { required } from '../config/module-checks.js';

/**
 * Opens a handler for those who show an access token, over HTTP, GraphQL, WebSockets and messages:
 * `@UseGuards(JwtAuthGuard)`. `@CurrentUser()` gives the user. As a global guard it leaves out what is `@Public()`.
 * `APP_GUARD` reaches resolvers and gateways as well, but message handlers of a hybrid application only with
 * `connectMicroservice(options, { inheritAppConfig: true })`.
 *
 * The guard asks the `JwtAuthentication` of its own application. `AuthGuard('jwt')` of @nestjs/passport asks the strategy
 * that has the name `jwt` in the process: of two applications in one process, that of the one that was made last.
 *
 * @publicApi
 * @throws AuthError `not_authenticated`, `bad_authorization_header`, `token_not_valid`, `user_not_found`,
 * `user_inactive`, `password_changed` or `unavailable`
 */
@Injectable()
export class JwtAuthGuard extends ChainGuard {
  private readonly chain: readonly Authentication[];

  constructor(@Optional() authentication?: JwtAuthentication) {
    super();
    this.chain = [required(authentication, new.target.name)];
  }

  protected override chainOf(): readonly Authentication[] {
    return this.chain;
  }
}
