import { AuthToken } from '../authentication/auth-token.entity.js';
import { DjangoSession } from '../authentication/django-session.entity.js';
import { MIGRATIONS_TABLE } from '../database/migrate.js';
import { AUTH_MIGRATIONS } from '../database/migrations.js';
import { BlacklistedToken } from '../ledger/blacklisted-token.entity.js';
import { OutstandingToken } from '../ledger/outstanding-token.entity.js';
import { Session } from '../ledger/session.entity.js';
import { User } from '../users/user.entity.js';

/**
 * Every entity, for the host's own `TypeOrmModule`.
 *
 * @publicApi
 */
export const AUTH_ENTITIES = [
  User,
  OutstandingToken,
  BlacklistedToken,
  Session,
  AuthToken,
  DjangoSession,
];

/**
 * All that TypeORM is to know of the tables, for an application without migrations of its own: entities, migrations, and
 * that pending ones run at start. The list of executed migrations has a table of its own.
 *
 * An application with migrations of its own has a list already, `migrations` unless it says otherwise, and keeps it:
 * with another list TypeORM would run them all once more. The commands of `nest-simplejwt` and the readiness probe know
 * both.
 *
 * @example
 * TypeOrmModule.forRoot({ type: 'postgres', url: process.env.DATABASE_URL, ...AUTH_TABLES })
 *
 * @example
 * // With migrations of its own:
 * TypeOrmModule.forRoot({
 *   type: 'postgres',
 *   url: process.env.DATABASE_URL,
 *   entities: [...AUTH_ENTITIES, Order],
 *   migrations: [...AUTH_MIGRATIONS, CreateOrders1720000000000],
 *   migrationsRun: true,
 * })
 *
 * @publicApi
 */
export const AUTH_TABLES = {
  entities: AUTH_ENTITIES,
  migrations: AUTH_MIGRATIONS,
  migrationsTableName: MIGRATIONS_TABLE,
  migrationsRun: true,
};
