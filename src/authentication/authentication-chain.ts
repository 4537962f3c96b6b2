import type { Type } from '@nestjs/common';
import passport from 'passport';
import { AuthSettings } from '../config/auth-settings.js';
import { ConfigError } from '../config/config-error.js';
import type { AuthenticationClass, StandardAuthenticationClass } from '../config/settings.js';
import type { Authentication } from './authentication.js';
import { BasicAuthentication } from './basic-authentication.js';
import { JwtAuthentication } from './jwt-authentication.js';
import { JwtStatelessAuthentication } from './jwt-stateless-authentication.js';
import { AuthenticationStrategy, StrategyNames } from './passport.js';
import { SessionAuthentication } from './session-authentication.js';
import { TokenAuthentication } from './token-authentication.js';

/** The authentication classes of this package. */
export const AUTHENTICATIONS: readonly Type<
  Authentication & { readonly name: StandardAuthenticationClass }
>[] = [
  JwtAuthentication,
  JwtStatelessAuthentication,
  BasicAuthentication,
  TokenAuthentication,
  SessionAuthentication,
];

/** The authentication classes that a host adds with `overrides.authentications`. */
export class HostAuthentications {
  constructor(readonly classes: readonly Authentication[]) {}
}

/**
 * The authentication classes by name, and the chain of `AUTHENTICATION_CLASSES`. Its classes are passport strategies as
 * well, for `AuthGuard(['basic', 'jwt'])`.
 */
export class AuthenticationChain {
  /** The chain of `AUTHENTICATION_CLASSES`. */
  readonly standard: readonly Authentication[];
  private readonly classes = new Map<AuthenticationClass, Authentication>();
  private readonly chosen = new WeakMap<
    readonly AuthenticationClass[],
    readonly Authentication[]
  >();

  /** @throws ConfigError when two classes have one name, or the setting names a class that is not there */
  constructor(
    { authenticationClasses }: AuthSettings,
    names: StrategyNames,
    classes: readonly Authentication[],
  ) {
    for (const one of classes) {
      if (this.classes.has(one.name)) throw new ConfigError([sameName(one)]);
      this.classes.set(one.name, one);
    }
    const problems = this.problems(authenticationClasses, 'authenticationClasses');
    if (problems.length > 0) throw new ConfigError(problems);
    this.standard = this.choose(authenticationClasses);
    for (const one of new Set([
      ...this.choose(['JWTStatelessUserAuthentication']),
      ...this.standard,
    ])) {
      // `JwtStrategy` is the one of `jwt`.
      if (one instanceof JwtAuthentication) continue;
      // Passport's own strategy `session` lets anonymous requests in; ours takes its place.
      const strategy = new AuthenticationStrategy(one);
      names.claim(strategy.name);
      passport.use(strategy);
    }
  }

  /** What is wrong with a chain of these names, which stands at `place`. */
  problems(names: readonly AuthenticationClass[], place: string): string[] {
    return names
      .filter((name) => !this.classes.has(name))
      .map(
        (name) =>
          `${place}: there is no class ${JSON.stringify(name)}. Use ${[...this.classes.keys()].join(', ')}, or add yours. Example: overrides: { authentications: [MyAuthentication] }`,
      );
  }

  /** @param names - the same list each time, for which the chain is remembered */
  choose(names: readonly AuthenticationClass[]): readonly Authentication[] {
    let chain = this.chosen.get(names);
    if (!chain) {
      chain = names.map((name) => this.get(name));
      this.chosen.set(names, chain);
    }
    return chain;
  }

  private get(name: AuthenticationClass): Authentication {
    const found = this.classes.get(name);
    if (found) return found;
    throw new ConfigError(this.problems([name], 'a chain'));
  }
}

function sameName({ name, constructor }: Authentication): string {
  return `Two authentication classes are named ${JSON.stringify(name)}, one of them ${constructor.name} of overrides.authentications. Example: override readonly name = 'My${name}'`;
}
