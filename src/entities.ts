import { AuthToken } from './auth/auth-token.entity.js';
import { DjangoSession } from './auth/django-session.entity.js';
import { MIGRATIONS_TABLE } from './database/migrate.js';
import { AUTH_MIGRATIONS } from './database/migrations.js';
import { BlacklistedToken } from './ledger/blacklisted-token.entity.js';
import { OutstandingToken } from './ledger/outstanding-token.entity.js';
import { Session } from './ledger/session.entity.js';
import { User } from './users/user.entity.js';

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
 * All that TypeORM is to know of the tables: entities, migrations, and that pending ones run at start. The list of
 * executed migrations has a table of its own, which the commands of `nest-simplejwt` and the readiness probe know too.
 *
 * @example
 * TypeOrmModule.forRoot({ type: 'postgres', url: process.env.DATABASE_URL, ...AUTH_TABLES })
 *
 * @publicApi
 */
export const AUTH_TABLES = {
  entities: AUTH_ENTITIES,
  migrations: AUTH_MIGRATIONS,
  migrationsTableName: MIGRATIONS_TABLE,
  migrationsRun: true,
};
