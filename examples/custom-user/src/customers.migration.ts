import { userTriggers } from 'nest-simplejwt';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Every server hears at once of a customer who is disabled, deleted, or gets another password. */
const TRIGGERS = userTriggers({
  table: 'customer',
  id: 'id',
  password: 'password_hash',
  watched: ['email', 'enabled'],
});

export class Customers1800000000000 implements MigrationInterface {
  readonly name = 'Customers1800000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE customer (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        email text NOT NULL UNIQUE,
        password_hash text NOT NULL,
        enabled boolean NOT NULL DEFAULT true,
        plan text NOT NULL DEFAULT 'free'
      )`);
    await runner.query(TRIGGERS.up);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE customer');
  }
}
