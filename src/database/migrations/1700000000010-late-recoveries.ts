import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Whether a displaced refresh token has recovered, out of grace, since the last rotation (design §3): the parent at that
 * time. A rotation makes another generation the parent and so clears it, also one by a server of the version before,
 * which does not know the column.
 */
export class LateRecoveries1700000000010 implements MigrationInterface {
  readonly name = 'LateRecoveries1700000000010';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE auth_session ADD COLUMN recovered_parent integer');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE auth_session DROP COLUMN recovered_parent');
  }
}
