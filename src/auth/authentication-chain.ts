import { Injectable } from '@nestjs/common';
import passport from 'passport';
import { AuthSettings } from '../config/auth-settings.js';
import type { AuthenticationClass } from '../config/settings.js';
import type { Authentication } from './authenticated-user.js';
import { AuthenticationStrategy } from './authentication.strategy.js';
import { BasicAuthentication } from './basic-authentication.js';
import { JwtAuthentication } from './jwt-authentication.js';
import { JwtStatelessAuthentication } from './jwt-stateless-authentication.js';
import { SessionAuthentication } from './session-authentication.js';
import { TokenAuthentication } from './token-authentication.js';

/** Names under which passport knows the classes. `jwt` is registered by `JwtStrategy`. */
const STRATEGY_NAMES: Readonly<Record<AuthenticationClass, string>> = {
  JWTAuthentication: 'jwt',
  JWTStatelessUserAuthentication: 'jwt-stateless',
  BasicAuthentication: 'basic',
  TokenAuthentication: 'token',
  SessionAuthentication: 'session',
};

/** The chain of `AUTHENTICATION_CLASSES`: registers a passport strategy for each class and knows their order. */
@Injectable()
export class AuthenticationChain {
  /** Strategy names in the order in which they are tried. */
  readonly strategies: readonly string[];
  /** The class that is tried first. */
  readonly first: Authentication;
  /** The challenge of the first class; null when it has none. */
  readonly challenge: string | null;

  constructor(
    settings: AuthSettings,
    jwt: JwtAuthentication,
    stateless: JwtStatelessAuthentication,
    basic: BasicAuthentication,
    token: TokenAuthentication,
    session: SessionAuthentication,
  ) {
    const classes: Readonly<Record<AuthenticationClass, Authentication>> = {
      JWTAuthentication: jwt,
      JWTStatelessUserAuthentication: stateless,
      BasicAuthentication: basic,
      TokenAuthentication: token,
      // Passport's own strategy of this name lets anonymous requests in; ours takes its place.
      SessionAuthentication: session,
    };
    for (const name of [
      'JWTStatelessUserAuthentication',
      ...settings.authenticationClasses,
    ] as const) {
      if (name !== 'JWTAuthentication') {
        passport.use(new AuthenticationStrategy(STRATEGY_NAMES[name], classes[name]));
      }
    }
    const [first = 'JWTAuthentication'] = settings.authenticationClasses;
    this.strategies = settings.authenticationClasses.map((name) => STRATEGY_NAMES[name]);
    this.first = classes[first];
    this.challenge = this.first.challenge;
  }
}
