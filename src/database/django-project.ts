import type { DataSource } from 'typeorm';
import { ConfigError } from '../config/config-error.js';

/** A table of users that Django has made. */
interface DjangoUsers {
  readonly schema: string;
  readonly name: string;
}

/*
 * Every model of users that Django can log in has these two columns (AbstractBaseUser), whatever AUTH_USER_MODEL calls its
 * table. Only types that fit exactly are compared, for the reason that database-facts.ts gives.
 */
const DJANGO_USERS = `
  SELECT quote_ident(n.nspname::text) AS schema, quote_ident(u.relname::text) AS name
  FROM pg_class m JOIN pg_class u ON u.relnamespace = m.relnamespace
  JOIN pg_namespace n ON n.oid = u.relnamespace
  WHERE m.relname = 'django_migrations'::name AND m.relkind = 'r'::"char" AND u.relkind = 'r'::"char"
    AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = u.oid AND a.attname = 'password'::name)
    AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = u.oid AND a.attname = 'last_login'::name)
    AND to_regclass('auth_user') IS NULL
  ORDER BY u.relname = 'auth_user'::name DESC, u.relname`;

/**
 * A Django project with users elsewhere is not to get an empty `auth_user` beside them: nobody could log in, and its
 * tokens would open the accounts of others who have the same keys.
 *
 * @throws ConfigError that names the table of users, and what to do
 */
export async function requireReachableUsers(database: DataSource): Promise<void> {
  const [users] = await database.query<DjangoUsers[]>(DJANGO_USERS);
  if (users === undefined) return;
  const { schema, name } = users;
  const remedy =
    name === 'auth_user'
      ? `Let the role search that schema first. Example: ALTER ROLE name SET search_path = ${schema}`
      : `Use the package in a Nest application with an entity for that table (docs/recipes/own-user-entity.md), or a database of its own for the server`;
  throw new ConfigError([
    `DATABASE_URL: this is the database of a Django project whose users are in ${schema}.${name}, and the server works with the auth_user of its search path. ${remedy}.`,
  ]);
}

/** Whether a Django project keeps its tables where ours are. */
export async function isDjangoDatabase(database: DataSource): Promise<boolean> {
  const [found] = await database.query<{ found: boolean }[]>(
    `SELECT to_regclass('django_migrations') IS NOT NULL AS found`,
  );
  return found?.found === true;
}
