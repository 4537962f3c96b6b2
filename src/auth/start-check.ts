import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { databaseFault } from '../common/database-fault.js';
import { AuthSettings } from '../config/auth-settings.js';
import { ConfigError } from '../config/resolve-settings.js';
import { SettingsModule } from '../config/settings.module.js';
import { requireEntities, requireTables } from '../database/schema.js';
import { AUTH_ENTITIES } from '../entities.js';
import { DjangoLedger } from '../ledger/django-ledger.js';
import { RefreshTokenLedger } from '../ledger/refresh-token-ledger.js';
import { SessionLedger } from '../ledger/session-ledger.js';
import { requireUserTriggers } from '../users/user-triggers.js';
import { UserStore } from '../users/user-store.js';
import { UsersService } from '../users/users.service.js';

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
    private readonly database: DataSource,
    private readonly users: UserStore,
    settings: AuthSettings,
    ledger: RefreshTokenLedger,
  ) {
    requireOneModule(modules);
    if (database.isInitialized) requireEntities(database, AUTH_ENTITIES);
    const problems = [
      ...userStoreProblems(settings, users, ledger),
      ...ledgerProblems(settings, ledger),
    ];
    if (problems.length > 0) throw new ConfigError(problems);
  }

  /** Behind the hooks in which a host may run its migrations. */
  async onApplicationBootstrap(): Promise<void> {
    try {
      await requireTables(this.database);
      await requireUserTriggers(this.database, this.users.table);
    } catch (error) {
      const fault = databaseFault(error);
      if (fault === null) throw error;
      this.logger.warn(`the schema was not checked: the database is away (${fault})`);
    }
  }
}

/** Two would mean two sets of settings, and whoever injects them gets either. */
function requireOneModule(modules: ModulesContainer): void {
  const count = [...modules.values()].filter(({ metatype }) => metatype === SettingsModule).length;
  if (count === 1) return;
  throw new ConfigError([
    `AuthModule.forRoot() is imported ${count} times. Import it once, in the root module: it is global, so that guards and services work in every other module without it.`,
  ]);
}

/** Some of what Django's database has refers to Django's users and to no others. */
function userStoreProblems(
  settings: AuthSettings,
  users: UserStore,
  ledger: RefreshTokenLedger,
): string[] {
  if (users instanceof UsersService) return [];
  const problems: string[] = [];
  if (ledger instanceof DjangoLedger) {
    problems.push(
      "overrides.userStore needs the session ledger: Django's token tables refer to auth_user. Example: ledger: 'sessions'",
    );
  }
  for (const name of ['TokenAuthentication', 'SessionAuthentication'] as const) {
    if (settings.authenticationClasses.includes(name)) {
      problems.push(
        `overrides.userStore cannot be used with ${name}, which finds users of Django's auth_user table. Leave it out of authenticationClasses.`,
      );
    }
  }
  return problems;
}

function ledgerProblems(settings: AuthSettings, ledger: RefreshTokenLedger): string[] {
  const isOurs = ledger instanceof SessionLedger || ledger instanceof DjangoLedger;
  return isOurs || !settings.checkSession
    ? []
    : [
        'overrides.ledger needs checkSession: false: the guard looks at sessions in the table of the session ledger only.',
      ];
}
