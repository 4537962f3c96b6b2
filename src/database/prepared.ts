import { createHash } from 'node:crypto';
import type { Pool } from 'pg';
import type { DataSource } from 'typeorm';
import { againIfUndone } from './again-if-undone.js';

/** A statement that Postgres plans once for each connection. */
export interface Prepared {
  /** How often what it returns has changed is part of the name. */
  name: string;
  readonly text: string;
}

/** Names a statement by its text, so that two versions of the server never mean different things by one name. */
export function prepared(text: string): Prepared {
  return { name: `sj_${createHash('sha256').update(text).digest('hex').slice(0, 16)}`, text };
}

/**
 * Runs a prepared statement on the DataSource's own pool, past TypeORM's query runner: of a hot statement that is half of
 * the cost (test/bench). A migration that changes the type of a returned column makes Postgres refuse what was prepared
 * before; such a statement is prepared anew, by another name.
 */
export async function runPrepared<Row extends object>(
  database: DataSource,
  statement: Prepared,
  values: unknown[],
): Promise<Row[]> {
  const pool = poolOf(database);
  const run = async (): Promise<Row[]> => (await pool.query<Row>({ ...statement, values })).rows;
  const { name } = statement;
  try {
    return await againIfUndone(run);
  } catch (error) {
    if (!isOutdated(error)) throw error;
    if (statement.name === name) statement.name = `${name}'`;
    return run();
  }
}

/** Postgres has no code of its own for it, and the message is in the language of the server. */
function isOutdated(error: unknown): boolean {
  return (error as { routine?: unknown }).routine === 'RevalidateCachedQuery';
}

/** The connections of a DataSource that has been initialized. */
export function poolOf(database: DataSource): Pool {
  return (database.driver as unknown as { master: Pool }).master;
}
