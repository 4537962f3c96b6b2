import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * By what client a session was started: its own list shows that, since what it was last used by would tell whoever holds
 * a copy of its tokens when the owner has refreshed (design §3). Null for sessions of an older version.
 */
export class SessionStarts1700000000040 implements MigrationInterface {
  readonly name = 'SessionStarts1700000000040';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE auth_session ADD COLUMN created_client varchar(128)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE auth_session DROP COLUMN created_client');
  }
}
