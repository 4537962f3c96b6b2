import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Counters of attempts (design §2). Unlogged: an attack writes nothing into the log of the database and waits for no
 * disk; a crash or a failover begins the counters anew.
 */
export class Attempts1700000000003 implements MigrationInterface {
  readonly name = 'Attempts1700000000003';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE UNLOGGED TABLE auth_attempt (
        key text COLLATE "C" CONSTRAINT auth_attempt_pkey PRIMARY KEY,
        attempts integer NOT NULL,
        ends_at timestamptz NOT NULL
      ) WITH (fillfactor = 75);
      CREATE INDEX auth_attempt_ends_at ON auth_attempt (ends_at)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE auth_attempt');
  }
}
