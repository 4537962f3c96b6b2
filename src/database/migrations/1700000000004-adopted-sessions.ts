import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Until when the token of another issuer that a session was made from is good by itself (design §3, adoption). A refresh
 * may set an earlier end; were the row flushed then, the spent token would be adopted once more.
 */
export class AdoptedSessions1700000000004 implements MigrationInterface {
  readonly name = 'AdoptedSessions1700000000004';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE auth_session ADD COLUMN adopted_until timestamptz');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE auth_session DROP COLUMN adopted_until');
  }
}
