import { Injectable } from '@nestjs/common';
import passport from 'passport';
import { AuthSettings } from '../config/auth-settings.js';
import type { AuthenticationClass } from '../config/package-settings.js';
import type { Authentication } from './authentication.js';
import { AuthenticationStrategy } from './authentication.strategy.js';
import { BasicAuthentication } from './basic-authentication.js';
import { JwtAuthentication } from './jwt-authentication.js';
import { JwtStatelessAuthentication } from './jwt-stateless-authentication.js';
import { SessionAuthentication } from './session-authentication.js';
import { StrategyNames } from './strategy-names.js';
import { TokenAuthentication } from './token-authentication.js';

/** Names under which passport knows the classes. `jwt` is registered by `JwtStrategy`. */
const STRATEGY_NAMES: Readonly<Record<AuthenticationClass, string>> = {
  JWTAuthentication: 'jwt',
  JWTStatelessUserAuthentication: 'jwt-stateless',
  BasicAuthentication: 'basic',
  TokenAuthentication: 'token',
  SessionAuthentication: 'session',
};

/** Authentication classes in the order in which they are tried. */
export interface AuthenticationChoice {
  readonly classes: readonly Authentication[];
}

/**
 * The authentication classes by name, and the chain of `AUTHENTICATION_CLASSES`. Its classes are passport strategies as
 * well, for `AuthGuard(['basic', 'jwt'])`.
 */
@Injectable()
export class AuthenticationChain {
  /** The chain of `AUTHENTICATION_CLASSES`. */
  readonly standard: AuthenticationChoice;
  private readonly classes: Readonly<Record<AuthenticationClass, Authentication>>;
  private readonly chosen = new WeakMap<readonly AuthenticationClass[], AuthenticationChoice>();

  constructor(
    settings: AuthSettings,
    names: StrategyNames,
    jwt: JwtAuthentication,
    stateless: JwtStatelessAuthentication,
    basic: BasicAuthentication,
    token: TokenAuthentication,
    session: SessionAuthentication,
  ) {
    this.classes = {
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
      if (name === 'JWTAuthentication') continue;
      const strategy = new AuthenticationStrategy(STRATEGY_NAMES[name], this.classes[name]);
      const settle = names.claim(strategy.name);
      passport.use(strategy);
      settle(strategy);
    }
    this.standard = this.choose(settings.authenticationClasses);
  }

  /** @param names - the same list each time: what was chosen for it is kept */
  choose(names: readonly AuthenticationClass[]): AuthenticationChoice {
    let choice = this.chosen.get(names);
    if (!choice) {
      choice = { classes: names.map((name) => this.classes[name]) };
      this.chosen.set(names, choice);
    }
    return choice;
  }
}
