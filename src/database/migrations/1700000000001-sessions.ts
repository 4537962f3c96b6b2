import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The session ledger (design §3): one row for each log-in. No index is on a column that a refresh changes and each page
 * keeps room, so that a refresh rewrites its row within the page (HOT) and touches no index.
 */
export class Sessions1700000000001 implements MigrationInterface {
  readonly name = 'Sessions1700000000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE auth_session (
        id uuid CONSTRAINT auth_session_pkey PRIMARY KEY,
        created_at timestamptz NOT NULL,
        last_used_at timestamptz NOT NULL,
        rotated_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        ends_at timestamptz,
        revoked_at timestamptz,
        generation integer NOT NULL,
        parent_generation integer,
        is_sliding boolean NOT NULL,
        user_id text,
        revoke_reason text,
        created_ip inet,
        last_ip inet,
        user_agent varchar(128),
        superseded_at double precision[] NOT NULL
      ) WITH (fillfactor = 75);
      CREATE INDEX auth_session_user_id ON auth_session (user_id)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE auth_session');
  }
}
