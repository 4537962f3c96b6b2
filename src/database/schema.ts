import type { DataSource, ObjectLiteral } from 'typeorm';
import { ConfigError } from '../config/config-error.js';

/** One table of each migration that makes any. */
export const TABLES = [
  'auth_user',
  'auth_session',
  'auth_change',
  'auth_attempt',
  'auth_signing_key',
  'auth_known_client',
];

/** Tables that the database lacks, in the search path of its connections. */
export async function missingTables(database: DataSource): Promise<string[]> {
  const rows = await database.query<{ name: string }[]>(
    'SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NULL',
    [TABLES],
  );
  return rows.map(({ name }) => name);
}

/** @throws ConfigError when the migrations have not run, with the ways to run them */
export function requireTables(missing: readonly string[]): void {
  if (missing.length === 0) return;
  throw new ConfigError([
    `The database lacks tables of this package (${missing.join(', ')}): its migrations have not run. Example: TypeOrmModule.forRoot({ migrations: [...AUTH_MIGRATIONS], migrationsRun: true })`,
  ]);
}

/** @throws ConfigError when the DataSource does not know one of the entities */
export function requireEntities(
  database: DataSource,
  entities: readonly (new () => ObjectLiteral)[],
): void {
  const missing = entities
    .filter((entity) => !database.hasMetadata(entity))
    .map(({ name }) => name);
  if (missing.length === 0) return;
  throw new ConfigError([
    `The DataSource lacks entities (${missing.join(', ')}). Example: TypeOrmModule.forRoot({ entities: [...AUTH_ENTITIES, Own] })`,
  ]);
}
