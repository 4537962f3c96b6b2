import { Client, escapeIdentifier, escapeLiteral } from 'pg';

/** The migrated database that all others are cloned from. */
export const TEMPLATE = 'template';

/** One word for the whole run, so that two runs on one server do not meet. */
export const RUN_VARIABLE = 'NEST_SIMPLEJWT_TEST_RUN';
/** Address of the server that this run uses, with a database where others can be created from. */
export const SERVER_VARIABLE = 'NEST_SIMPLEJWT_TEST_SERVER';

/** Runs SQL on a connection of its own. */
export async function query<Row extends object = Record<string, unknown>>(
  url: string,
  sql: string,
  parameters?: unknown[],
): Promise<Row[]> {
  const client = new Client({ connectionString: url, application_name: 'test' });
  try {
    await client.connect();
    return (await client.query<Row>(sql, parameters)).rows;
  } finally {
    await client.end();
  }
}

/** The name that a database has on the server. */
export function databaseName(name: string): string {
  return `nest_simplejwt_${process.env[RUN_VARIABLE] ?? ''}_${name}`;
}

/** The address of a database of this run. */
export function databaseUrl(name: string): string {
  const url = new URL(process.env[SERVER_VARIABLE] ?? '');
  url.pathname = `/${databaseName(name)}`;
  return url.href;
}

/**
 * Creates a database of this run, or does nothing where it is there.
 *
 * @param template - another database of this run; null for an empty one
 */
export async function createDatabase(name: string, template: string | null): Promise<string> {
  const database = databaseName(name);
  const client = new Client({ connectionString: process.env[SERVER_VARIABLE] });
  await client.connect();
  try {
    // One at a time: Postgres refuses to copy a database while somebody is connected to it.
    await client.query(`SELECT pg_advisory_lock(hashtext(${escapeLiteral(databaseName(''))}))`);
    const found = await client.query('SELECT FROM pg_database WHERE datname = $1', [database]);
    if (found.rowCount === 0) {
      const source = template === null ? 'template0' : databaseName(template);
      await client.query(
        `CREATE DATABASE ${escapeIdentifier(database)} TEMPLATE ${escapeIdentifier(source)}`,
      );
    }
  } finally {
    await client.end();
  }
  return databaseUrl(name);
}

/**
 * Drops databases of this run: those whose name begins so, all by default.
 *
 * Not by FORCE, which is refused while Postgres itself vacuums the database; without it Postgres waits for its own.
 */
export async function dropDatabases(prefix = ''): Promise<void> {
  const server = process.env[SERVER_VARIABLE] ?? '';
  const rows = await query<{ datname: string }>(
    server,
    'SELECT datname FROM pg_database WHERE starts_with(datname, $1)',
    [databaseName(prefix)],
  );
  for (const { datname } of rows) {
    await query(
      server,
      `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
       WHERE datname = $1 AND usename = current_user`,
      [datname],
    );
    await query(server, `DROP DATABASE IF EXISTS ${escapeIdentifier(datname)}`);
  }
}

/** Empties every table of a database but the list of its migrations, and numbers from 1 again. */
export async function truncateTables(url: string): Promise<void> {
  const rows = await query<{ name: string }>(
    url,
    `SELECT quote_ident(tablename) AS name FROM pg_tables
     WHERE schemaname = 'public' AND tablename <> 'nest_simplejwt_migrations'`,
  );
  const names = rows.map((row) => row.name).join(', ');
  if (names !== '') await query(url, `TRUNCATE ${names} RESTART IDENTITY CASCADE`);
}
