import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { PassportStrategy } from '@nestjs/passport';
import passport from 'passport';
import { Strategy as PassportJwtStrategy } from 'passport-jwt';
import { Strategy as PassportLocalStrategy } from 'passport-local';
import { AuthSettings } from '../config/auth-settings.js';
import { ConfigError } from '../config/config-error.js';
import type { ClientRequest } from '../http/client-address.js';
import { RequestContextPipe } from '../http/request-context.pipe.js';
import { loggedInUser, type LoggedInUser } from '../login/logged-in-user.js';
import { LoginService } from '../login/login.service.js';
import type { CredentialSource } from '../transports/credential-source.js';
import type { Authentication } from './authentication.js';
import { JwtAuthentication } from './jwt-authentication.js';

/**
 * Refuses a second strategy under a name of ours. Passport keeps strategies by name for the whole process, and of two the
 * later one replaces the earlier one without a word: the order of modules would decide whose tokens open a route behind
 * `AuthGuard('jwt')`.
 */
@Injectable()
export class StrategyNames implements OnApplicationBootstrap {
  /** What had the name before our strategy. */
  private readonly before = new Map<string, object | undefined>();

  constructor(private readonly modules: ModulesContainer) {}

  /** To be called right before our strategy of that name is registered. */
  claim(name: string): void {
    this.before.set(name, registered(name));
  }

  /** @throws ConfigError when a provider of this application, and not of another one in the process, has such a name */
  onApplicationBootstrap(): void {
    const problems = [...this.before].flatMap(([name, before]) =>
      [before, registered(name)].flatMap((strategy) => this.conflict(name, strategy)),
    );
    if (problems.length > 0) throw new ConfigError(problems);
  }

  private conflict(name: string, strategy: object | undefined): string[] {
    const owner = strategy && this.moduleOf(strategy);
    if (!owner) return [];
    const { name: host } = strategy.constructor;
    return [
      `Two passport strategies are named "${name}": ${host} of ${owner}, and that of AuthModule (nest-simplejwt). Give yours a name of its own. Example: class ${host} extends PassportStrategy(Strategy, 'my-${name}'), and AuthGuard('my-${name}') where it is used; or remove it, if the one of AuthModule does what you need.`,
    ];
  }

  /** The other module of this application that provides a strategy; null where none does. */
  private moduleOf(strategy: object): string | null {
    for (const { name, providers } of this.modules.values()) {
      if (providers.get(StrategyNames)?.instance === this) continue;
      for (const { instance } of providers.values()) if (instance === strategy) return name;
    }
    return null;
  }
}

/** The methods that passport gives a strategy for the time of a request. */
type PassportActions = Pick<passport.StrategyCreatedStatic, 'success' | 'fail' | 'error'>;

/** The passport strategy of an authentication class, for `AuthGuard(['basic', 'jwt'])`. */
export class AuthenticationStrategy extends passport.Strategy {
  override readonly name: string;

  constructor(private readonly authentication: Authentication) {
    super();
    this.name = authentication.strategyName ?? authentication.name;
  }

  override authenticate(request: CredentialSource): void {
    runAuthentication(this, this.authentication, request);
  }
}

/**
 * passport-jwt under its usual name `jwt`, so that `AuthGuard('jwt')` works as everywhere. The verifying is ours: the
 * token goes through `TokenBackend` and the checks of contract §11 instead of jsonwebtoken alone.
 *
 * @publicApi
 */
@Injectable()
export class JwtStrategy extends PassportStrategy(PassportJwtStrategy, 'jwt') {
  constructor(
    private readonly authentication: JwtAuthentication,
    settings: AuthSettings,
    names: StrategyNames,
  ) {
    names.claim('jwt');
    super({
      jwtFromRequest: (request) => authentication.findToken(request),
      // Never used: `authenticate` below does not reach passport-jwt's own verifying. It cannot be left out.
      secretOrKey: settings.algorithm,
    });
  }

  override authenticate(request: CredentialSource): void {
    runAuthentication(this, this.authentication, request);
  }

  /** Required by @nestjs/passport; the user comes from `JwtAuthentication`. */
  validate(user: unknown): unknown {
    return user;
  }
}

/**
 * passport-local under its usual name `local`: user name and password from the body's fields of these names.
 *
 * @publicApi
 */
@Injectable()
export class LocalStrategy extends PassportStrategy(PassportLocalStrategy, 'local') {
  constructor(
    private readonly loginService: LoginService,
    private readonly contexts: RequestContextPipe,
    names: StrategyNames,
  ) {
    names.claim('local');
    super({ usernameField: 'username', passwordField: 'password', passReqToCallback: true });
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

/**
 * Lets an authentication class answer for a passport strategy: without credentials the next strategy is tried, wrong ones
 * end the request, as in DRF (contract §11).
 */
function runAuthentication(
  actions: PassportActions,
  authentication: Authentication,
  request: CredentialSource,
): void {
  authentication.authenticate(request).then(
    (found) => {
      if (found) actions.success(found.user, { claims: found.claims });
      else actions.fail(authentication.challenge ?? undefined);
    },
    (error: unknown) => actions.error(error),
  );
}

/** The types of passport do not show that strategies can be read. */
function registered(name: string): object | undefined {
  const { _strategy: find } = passport as unknown as {
    readonly _strategy: (name: string) => object | undefined;
  };
  return find.call(passport, name);
}
