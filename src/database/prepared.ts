import { createHash, randomBytes } from 'node:crypto';
import type { Pool } from 'pg';
import type { DataSource } from 'typeorm';
import { againIfUndone } from './again-if-undone.js';

/** A statement that Postgres plans once for each connection. */
export interface Prepared {
  readonly sql: string;
  /** What is sent: the SQL, and a comment once it had to be prepared again. */
  text: string;
  name: string;
}

/** The connections of a DataSource that has been initialized; with replication, those to the primary. */
export function poolOf(database: DataSource): Pool {
  return (database.driver as unknown as { master: Pool }).master;
}

/** How often a statement is prepared again for one execution; migrations do not follow each other faster. */
const RENEWALS = 3;

export function prepared(sql: string): Prepared {
  return { sql, ...named(sql) };
}

/**
 * Runs a prepared statement on the DataSource's own pool, past TypeORM's query runner: of a hot statement that is half of
 * the cost (test/bench). A migration that changes the type of a returned column makes Postgres refuse what was prepared
 * before; then the statement is prepared again.
 */
export async function runPrepared<Row extends object>(
  database: DataSource,
  statement: Prepared,
  values: unknown[],
): Promise<Row[]> {
  const pool = poolOf(database);
  for (let renewals = 0; ; renewals += 1) {
    const { name, text } = statement;
    try {
      const { rows } = await againIfUndone(() => pool.query<Row>({ name, text, values }));
      return rows;
    } catch (error) {
      if (!isOutdated(error) || renewals >= RENEWALS) throw error;
      if (statement.name === name) renew(statement);
    }
  }
}

/** Names a statement by its text, so that two versions of the server never mean different things by one name. */
function named(text: string): Pick<Prepared, 'name' | 'text'> {
  return { name: `sj_${createHash('sha256').update(text).digest('hex').slice(0, 16)}`, text };
}

/** PgBouncer goes by the text and shares what is prepared among servers: the text has to be one that was never sent before. */
function renew(statement: Prepared): void {
  Object.assign(statement, named(`${statement.sql} /* ${randomBytes(8).toString('hex')} */`));
}

/** Postgres has no code of its own for it, and the message is in the language of the server. */
function isOutdated(error: unknown): boolean {
  return (error as { routine?: unknown }).routine === 'RevalidateCachedQuery';
}
