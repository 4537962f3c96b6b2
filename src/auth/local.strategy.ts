import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { Strategy } from 'passport-local';
import type { ClientRequest } from '../common/client-address.js';
import type { AuthUser } from '../users/user-store.js';
import { LoginService } from './login.service.js';
import { RequestContextPipe } from './request-context.pipe.js';

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
  ) {
    super({ usernameField: 'username', passwordField: 'password', passReqToCallback: true });
  }

  /** @throws AuthError `no_active_account` or `throttled` */
  validate(request: ClientRequest, username: string, password: string): Promise<AuthUser> {
    return this.loginService.login(username, password, this.contexts.transform(request));
  }
}
