import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { Strategy } from 'passport-local';
import type { AuthUser } from '../users/user-store.js';
import { LoginService } from './login.service.js';

/**
 * passport-local under its usual name `local`: user name and password from the body's fields of these names.
 *
 * @publicApi
 */
@Injectable()
export class LocalStrategy extends PassportStrategy(Strategy, 'local') {
  constructor(private readonly loginService: LoginService) {
    super({ usernameField: 'username', passwordField: 'password' });
  }

  /** @throws AuthError `no_active_account` */
  validate(username: string, password: string): Promise<AuthUser> {
    return this.loginService.login(username, password);
  }
}
