import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * From where each user has logged in (design §2, `LOGIN_LIMIT`): a keyed digest of network and user agent, so that a copy
 * of the database tells nobody's address. A log-in writes a row at most once a day, hence the index on the time.
 */
export class KnownClients1700000000020 implements MigrationInterface {
  readonly name = 'KnownClients1700000000020';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE auth_known_client (
        user_id text NOT NULL,
        client text COLLATE "C" NOT NULL,
        seen_at timestamptz NOT NULL,
        CONSTRAINT auth_known_client_pkey PRIMARY KEY (user_id, client)
      );
      CREATE INDEX auth_known_client_seen_at ON auth_known_client (seen_at)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE auth_known_client');
  }
}
