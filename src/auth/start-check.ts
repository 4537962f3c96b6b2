import { Injectable, Logger, type OnApplicationBootstrap, type Type } from '@nestjs/common';
import { ApplicationConfig, ModulesContainer } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { databaseFault } from '../common/database-fault.js';
import { AuthSettings } from '../config/auth-settings.js';
import { isProduction } from '../config/production.js';
import { sessionKeyProblems } from '../config/resolve-settings.js';
import { ConfigError } from '../config/config-error.js';
import { SettingsModule } from '../config/settings.module.js';
import type { AuthenticationClass } from '../config/settings.js';
import { AuthenticationChain } from '../authentication/authentication-chain.js';
import { AUTHENTICATION } from '../guards/route-rules.js';
import { intruderProblem, requireSound } from '../database/database-facts.js';
import { requireEntities, requireTables } from '../database/schema.js';
import { AUTH_ENTITIES } from './entities.js';
import { RefreshTokenLedger } from '../ledger/refresh-token-ledger.js';
import { requireTriggers } from '../users/trigger-check.js';
import { UserStore } from '../users/user-store.js';
import { UsersService } from '../users/users.service.js';
import { handlersInUse } from './handlers-in-use.js';
import { StatelessAuthModule } from './stateless-auth.module.js';

/** Classes that find users in Django's tables. */
const DJANGO_USERS_ONLY: readonly AuthenticationClass[] = [
  'TokenAuthentication',
  'SessionAuthentication',
];

/**
 * Stops the start of a host that uses the package in a way that cannot work, or would be unsafe, with what to change;
 * otherwise the fault would show at some request, deep inside.
 */
@Injectable()
export class StartCheck implements OnApplicationBootstrap {
  private readonly logger = new Logger('AuthModule');

  /** @throws ConfigError about modules, entities and options that do not fit together */
  constructor(
    modules: ModulesContainer,
    private readonly application: ApplicationConfig,
    private readonly database: DataSource,
    private readonly users: UserStore,
    private readonly settings: AuthSettings,
    ledger: RefreshTokenLedger,
    chain: AuthenticationChain,
  ) {
    requireOneModule(modules);
    if (database.isInitialized) requireEntities(database, AUTH_ENTITIES);
    const problems = [
      ...ledger.problemsWith(settings),
      ...userStoreProblems(settings, users),
      ...chainsInUse(modules).flatMap((use) => chainProblems(settings, users, chain, use)),
    ];
    if (problems.length > 0) throw new ConfigError(problems);
  }

  /** After the hooks in which a host may run its migrations. */
  async onApplicationBootstrap(): Promise<void> {
    this.warnOfCaches();
    try {
      await this.checkDatabase();
    } catch (error) {
      const fault = databaseFault(error);
      if (fault === null) throw error;
      this.logger.warn(`the schema was not checked: the database is away (${fault})`);
    }
  }

  private async checkDatabase(): Promise<void> {
    const mustBeClosed = this.settings.profile === 'secure' && isProduction();
    const facts = await requireSound(this.database, this.users.table.name, mustBeClosed);
    const problem = intruderProblem(facts);
    if (problem !== null) this.logger.warn(problem);
    requireTables(facts.missing);
    await requireTriggers(this.database, this.users.table);
  }

  /** Here, since global interceptors that are no providers are set after the constructor has run. */
  private warnOfCaches(): void {
    for (const name of cachingInterceptors(this.application)) {
      this.logger.warn(
        `The global interceptor ${name} seems to cache answers. It must let those pass that say Cache-Control: no-store, such as /users/me and /sessions, or one user gets another's. CacheInterceptor of @nestjs/cache-manager does.`,
      );
    }
  }
}

/** Two would mean two sets of settings, and a class that injects the settings would get either. */
function requireOneModule(modules: ModulesContainer): void {
  const imported = [...modules.values()].map(({ metatype }): unknown => metatype);
  const count = imported.filter((metatype) => metatype === SettingsModule).length;
  if (count === 1) return;
  if (imported.includes(StatelessAuthModule)) {
    throw new ConfigError([
      'AuthModule and StatelessAuthModule are both imported. Leave StatelessAuthModule out: StatelessJwtAuthGuard works with AuthModule as well.',
    ]);
  }
  throw new ConfigError([
    `AuthModule.forRoot() is imported ${count} times. Import it once, in the root module: it is global, so that guards and services work in every other module without it.`,
  ]);
}

/** Some of what Django's database has refers to Django's users and to no others. */
function userStoreProblems(settings: AuthSettings, users: UserStore): string[] {
  if (users instanceof UsersService) return [];
  const problems: string[] = [];
  for (const name of DJANGO_USERS_ONLY) {
    if (settings.authenticationClasses.includes(name)) {
      problems.push(`${notWithOwnUsers(name)} Leave it out of authenticationClasses.`);
    }
  }
  return problems;
}

/** A chain of `@UseAuthentication()`, and the handler or class that it stands at. */
interface ChainInUse {
  readonly names: readonly AuthenticationClass[];
  readonly place: string;
}

function chainsOf(target: object, place: string): ChainInUse[] {
  const names = Reflect.getMetadata(AUTHENTICATION, target) as AuthenticationClass[] | undefined;
  return names ? [{ names, place }] : [];
}

/** The chains of `@UseAuthentication()` anywhere in the application. */
function chainsInUse(modules: ModulesContainer): ChainInUse[] {
  return [...handlersInUse(modules)].flatMap(({ type, methods }) => [
    ...chainsOf(type, type.name),
    ...[...methods].flatMap(([name, method]) => chainsOf(method, `${type.name}.${name}`)),
  ]);
}

/** What `@UseAuthentication()` names must meet the same demands as what the settings name. */
function chainProblems(
  settings: AuthSettings,
  users: UserStore,
  chain: AuthenticationChain,
  { names, place }: ChainInUse,
): string[] {
  const decorator = `@UseAuthentication() of ${place}`;
  const others = names.filter((name) => !settings.authenticationClasses.includes(name));
  const problems = chain.problems(others, decorator);
  if (!(users instanceof UsersService)) {
    for (const name of others.filter((one) => DJANGO_USERS_ONLY.includes(one))) {
      problems.push(`${notWithOwnUsers(name)} Leave it out of ${decorator}.`);
    }
  }
  if (others.includes('SessionAuthentication')) {
    for (const problem of sessionKeyProblems(settings, (setting) => setting)) {
      problems.push(`${decorator}: ${problem}`);
    }
  }
  return problems;
}

function notWithOwnUsers(name: AuthenticationClass): string {
  return `overrides.userStore cannot be used with ${name}, which finds users of Django's auth_user table.`;
}

/** What Nest's `CacheInterceptor` and its subclasses have: they leave our views alone (`@HttpView`). */
type NestCache = { readonly isRequestCacheable?: unknown };

/** Names of global interceptors that seem to cache and of which nothing more is known. */
function cachingInterceptors(application: ApplicationConfig): string[] {
  const types = [
    ...application.getGlobalInterceptors().map((one) => one.constructor),
    ...application.getGlobalRequestInterceptors().map(({ metatype }) => metatype),
  ] as (Type | null)[];
  return types.flatMap((type) =>
    type && /cach/i.test(type.name) && !(type.prototype as NestCache).isRequestCacheable
      ? [type.name]
      : [],
  );
}
