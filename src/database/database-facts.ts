import type { DataSource } from 'typeorm';
import { ConfigError } from '../config/config-error.js';
import { TABLES } from './schema.js';

/** What a start has to know of its database before it trusts it. */
export interface DatabaseFacts {
  /** `UTF8` and others. */
  readonly encoding: string;
  readonly isolation: string;
  /** Tables of ours that are not in the search path. */
  readonly missing: readonly string[];
  /** Other roles that may put something into what is searched. */
  readonly intruders: readonly Intruder[];
}

/** A right to create. */
interface Intruder {
  readonly kind: 'SCHEMA' | 'DATABASE';
  readonly object: string;
  /** `PUBLIC`, or a role. */
  readonly role: string;
}

type FactsRow = Omit<DatabaseFacts, 'intruders'> & {
  readonly [K in keyof Intruder]: Intruder[K] | null;
};

/*
 * An operator or function whose types fit exactly is taken before one of pg_catalog that does not, wherever in the search
 * path it stands: one for two varchars would run with our rights. The statement itself compares equal types only, and names
 * the schema of what takes any type.
 *
 * Trusted are superusers, this role and those who own the tables: their triggers run with our rights anyway. Nor is an owner
 * of the schema or the database named, whom no REVOKE binds. A role that may create in the database can make a schema that the
 * path names and that does not exist, `"$user"` above all.
 */
const FACTS = `
  WITH ours AS (
    SELECT oid FROM pg_roles WHERE rolsuper OR rolname = current_user
    UNION ALL
    SELECT c.relowner FROM pg_catalog.unnest($1::text[]) AS t (name)
    JOIN pg_class c ON c.oid = to_regclass(t.name)::oid),
  grants AS (
    SELECT 'SCHEMA'::text AS kind, n.nspname AS object, n.nspowner AS owner, a.grantee
    FROM pg_namespace n CROSS JOIN LATERAL aclexplode(n.nspacl) a
    WHERE n.nspname = ANY (current_schemas(false)) AND a.privilege_type = 'CREATE'::text
    UNION ALL
    SELECT 'DATABASE'::text, d.datname, d.datdba, a.grantee
    FROM pg_database d CROSS JOIN LATERAL aclexplode(d.datacl) a
    WHERE d.datname = current_database() AND a.privilege_type = 'CREATE'::text
      AND pg_catalog.cardinality(string_to_array(current_setting('search_path'), ',')) >
        pg_catalog.cardinality(current_schemas(false))),
  intruders AS (
    SELECT g.kind, quote_ident(g.object::text) AS object,
      CASE WHEN g.grantee = 0::oid THEN 'PUBLIC'::text ELSE quote_ident(r.rolname::text) END AS role
    FROM grants g LEFT JOIN pg_roles r ON r.oid = g.grantee
    WHERE g.grantee = 0::oid OR g.grantee <> g.owner AND EXISTS (
      SELECT FROM pg_roles m
      WHERE m.rolcanlogin AND pg_has_role(m.oid, g.grantee, 'MEMBER'::text)
        AND m.oid NOT IN (SELECT oid FROM ours)))
  SELECT current_setting('server_encoding') AS encoding,
    current_setting('default_transaction_isolation') AS isolation,
    ARRAY(
      SELECT t.name FROM pg_catalog.unnest($2::text[]) AS t (name) WHERE to_regclass(t.name) IS NULL
    ) AS missing,
    i.kind, i.object, i.role
  FROM pg_catalog.pg_roles me LEFT JOIN intruders i ON true
  WHERE me.rolname = current_user`;

/** @param userTable - where the users are */
export async function findDatabaseFacts(
  database: DataSource,
  userTable: string,
): Promise<DatabaseFacts> {
  const rows = await database.query<FactsRow[]>(FACTS, [[userTable, ...TABLES], TABLES]);
  const { encoding = '', isolation = '', missing = [] } = rows[0] ?? {};
  const intruders = rows.filter((row): row is FactsRow & Intruder => row.kind !== null);
  return { encoding, isolation, missing, intruders };
}

/**
 * Statements of one row that wait for each other go on with what the other one left, which stricter levels refuse: a
 * log-in would survive a password change, and refreshes would fail at random. And every name that a client can send must
 * have a place in the database.
 *
 * @throws ConfigError when the connections have another isolation by default, or the database another encoding
 */
export function requireUsable({ encoding, isolation }: DatabaseFacts): void {
  const problems: string[] = [];
  if (encoding !== 'UTF8') {
    problems.push(
      `The database's encoding is ${encoding}, which has no place for every name. Make one with UTF8 and move the data there with pg_dump. Example: CREATE DATABASE name ENCODING 'UTF8' TEMPLATE template0`,
    );
  }
  if (isolation !== 'read committed') {
    problems.push(
      `The database's default_transaction_isolation is "${isolation}", and sessions need "read committed". Example: ALTER DATABASE … RESET default_transaction_isolation (or ALTER ROLE …)`,
    );
  }
  if (problems.length > 0) throw new ConfigError(problems);
}

/** What others could plant, with the statements that prevent it; null where only trusted roles may create. */
export function intruderProblem({ intruders }: DatabaseFacts): string | null {
  if (intruders.length === 0) return null;
  const revokes = intruders.map(
    ({ kind, object, role }) => `REVOKE CREATE ON ${kind} ${object} FROM ${role}`,
  );
  return `Others may create operators and functions where this role searches for them, and these would run with its rights. Run: ${[...new Set(revokes)].join('; ')}`;
}

/**
 * What must be right before anything else is asked of the database.
 *
 * @param mustBeClosed - whether to refuse where other roles may create
 * @throws ConfigError
 */
export async function requireSound(
  database: DataSource,
  userTable: string,
  mustBeClosed: boolean,
): Promise<DatabaseFacts> {
  const facts = await findDatabaseFacts(database, userTable);
  requireUsable(facts);
  const problem = mustBeClosed ? intruderProblem(facts) : null;
  if (problem !== null) throw new ConfigError([problem]);
  return facts;
}
