import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { ApplicationConfig, ModulesContainer } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { databaseFault } from '../common/database-fault.js';
import { AuthSettings } from '../config/auth-settings.js';
import { isProduction } from '../config/production.js';
import { sessionKeyProblems } from '../config/resolve-settings.js';
import { ConfigError } from '../config/config-error.js';
import { SettingsModule } from '../config/settings.module.js';
import type { AuthenticationClass } from '../config/settings.js';
import { intruderProblem, requireSound } from '../database/database-facts.js';
import { requireEntities, requireTables } from '../database/schema.js';
import { AUTH_ENTITIES } from './entities.js';
import { RefreshTokenLedger } from '../ledger/refresh-token-ledger.js';
import { requireTriggers } from '../users/trigger-check.js';
import { UserStore } from '../users/user-store.js';
import { UsersService } from '../users/users.service.js';
import { cachingInterceptors } from './caching-interceptors.js';
import { chainsInUse } from './chains-in-use.js';
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
  ) {
    requireOneModule(modules);
    if (database.isInitialized) requireEntities(database, AUTH_ENTITIES);
    const problems = [
      ...ledger.problemsWith(settings),
      ...userStoreProblems(settings, users),
      ...chainProblems(settings, users, chainsInUse(modules)),
    ];
    if (problems.length > 0) throw new ConfigError(problems);
  }

  /** Behind the hooks in which a host may run its migrations. */
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

  /** Here, since global interceptors that are no providers are set behind the constructor. */
  private warnOfCaches(): void {
    for (const name of cachingInterceptors(this.application)) {
      this.logger.warn(
        `The global interceptor ${name} seems to cache answers. It must let those pass that say Cache-Control: no-store, such as /users/me and /sessions, or one user gets another's. CacheInterceptor of @nestjs/cache-manager does.`,
      );
    }
  }
}

/** Two would mean two sets of settings, and whoever injects them gets either. */
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

/** What `@UseAuthentication()` names must meet the same demands as what the settings name. */
function chainProblems(
  settings: AuthSettings,
  users: UserStore,
  places: ReadonlyMap<AuthenticationClass, string>,
): string[] {
  const problems: string[] = [];
  for (const [name, place] of places) {
    if (settings.authenticationClasses.includes(name)) continue;
    if (DJANGO_USERS_ONLY.includes(name) && !(users instanceof UsersService)) {
      problems.push(`${notWithOwnUsers(name)} Leave it out of @UseAuthentication() of ${place}.`);
    }
    if (name === 'SessionAuthentication') {
      problems.push(
        ...sessionKeyProblems(settings, (setting) => setting).map(
          (problem) => `@UseAuthentication() of ${place}: ${problem}`,
        ),
      );
    }
  }
  return problems;
}

function notWithOwnUsers(name: AuthenticationClass): string {
  return `overrides.userStore cannot be used with ${name}, which finds users of Django's auth_user table.`;
}
