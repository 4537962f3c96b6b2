import type { DataSource } from 'typeorm';

/** Rows that one statement deletes at most. */
const BATCH = 5000;

/**
 * Deletes the rows of a table for which a condition holds. Several nodes may do so at once: each takes rows that no other
 * one holds.
 *
 * @returns how many rows it has deleted
 */
export async function deleteExpired(
  database: DataSource,
  table: string,
  condition: string,
): Promise<number> {
  const statement = `
    WITH gone AS (
      DELETE FROM ${table} WHERE ctid = ANY (ARRAY (
        SELECT ctid FROM ${table} WHERE ${condition} LIMIT ${BATCH} FOR UPDATE SKIP LOCKED))
      RETURNING 1)
    SELECT count(*)::integer AS rows FROM gone`;
  for (let total = 0; ;) {
    const [batch] = await database.query<{ rows: number }[]>(statement);
    total += batch?.rows ?? 0;
    if ((batch?.rows ?? 0) < BATCH) return total;
  }
}
