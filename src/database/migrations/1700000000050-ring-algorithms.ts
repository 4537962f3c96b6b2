import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The list of algorithms that a key of the ring may have is in `keys/domain/algorithm.ts` alone: servers check each row
 * against it when they read the ring, and a further algorithm needs no migration.
 */
export class RingAlgorithms1700000000050 implements MigrationInterface {
  readonly name = 'RingAlgorithms1700000000050';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE auth_signing_key DROP CONSTRAINT auth_signing_key_algorithm');
  }

  /** As `1700000000005-signing-keys` made it; keys that an older version does not know stay until they are deleted. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE auth_signing_key ADD CONSTRAINT auth_signing_key_algorithm
        CHECK (algorithm ~ '^((RS|PS|ES)(256|384|512)|EdDSA)$') NOT VALID`);
  }
}
