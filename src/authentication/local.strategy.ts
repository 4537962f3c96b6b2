import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { Strategy } from 'passport-local';
import type { ClientRequest } from '../http/client-address.js';
import { loggedInUser, type LoggedInUser } from '../login/logged-in-user.js';
import { LoginService } from '../login/login.service.js';
import { RequestContextPipe } from '../http/request-context.pipe.js';
import { StrategyNames } from './strategy-names.js';

/**
 * passport-local under its usual name `local`: user name and password from the body's fields of these names.
 *
 * @publicApi
 */
@Injectable()
export class LocalStrategy extends PassportStrategy(Strategy, 'local') {
  constructor(
    private readonly loginService: LoginService,
    private readonly contexts: RequestContextPipe,
    names: StrategyNames,
  ) {
    const settle = names.claim('local');
    super({ usernameField: 'username', passwordField: 'password', passReqToCallback: true });
    settle(this);
  }

  /** @throws AuthError `no_active_account` or `throttled` */
  async validate(
    request: ClientRequest,
    username: string,
    password: string,
  ): Promise<LoggedInUser> {
    const context = this.contexts.transform(request);
    return loggedInUser(await this.loginService.login(username, password, context));
  }
}
