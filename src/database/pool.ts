import type { Pool } from 'pg';
import type { DataSource } from 'typeorm';

/** The connections of a DataSource that has been initialized; with replication, those to the primary. */
export function poolOf(database: DataSource): Pool {
  return (database.driver as unknown as { master: Pool }).master;
}
