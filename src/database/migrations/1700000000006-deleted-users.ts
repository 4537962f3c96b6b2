import type { MigrationInterface, QueryRunner } from 'typeorm';
import { currentSchema, userFunctions } from './1700000000002-change-feed.js';

/**
 * A deleted user's sessions end, so that whoever gets the same primary key does not inherit them; and tokens of another
 * issuer that are older than the last change of the password, or the last end of all sessions, are not adopted any more
 * (design §3).
 */
export class DeletedUsers1700000000006 implements MigrationInterface {
  readonly name = 'DeletedUsers1700000000006';

  async up(runner: QueryRunner): Promise<void> {
    const schema = await currentSchema(runner);
    await runner.query(cutoffs(schema));
    await runner.query(endingFunctions(schema));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(userFunctions(await currentSchema(runner)));
    await runner.query('DROP FUNCTION auth_end_adoption(text)');
    await runner.query('DROP TABLE auth_adoption_cutoff');
  }
}

const cutoffs = (schema: string): string => `
  CREATE TABLE ${schema}.auth_adoption_cutoff (
    user_id text CONSTRAINT auth_adoption_cutoff_pkey PRIMARY KEY,
    issued_until timestamptz NOT NULL
  )`;

/** Takes the place of the functions of the same names, which the triggers go on calling. */
const endingFunctions = (schema: string): string => `
  -- Not now(): other tokens may have been issued since the transaction began. Never back: two may end in another order.
  CREATE FUNCTION ${schema}.auth_end_adoption(owner text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO ${schema}.auth_adoption_cutoff AS c (user_id, issued_until)
    VALUES (owner, clock_timestamp())
    ON CONFLICT (user_id) DO UPDATE
    SET issued_until = GREATEST(c.issued_until, excluded.issued_until)
  $$;

  CREATE OR REPLACE FUNCTION ${schema}.auth_user_changed() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  DECLARE
    before text;
    after text;
  BEGIN
    IF TG_OP = 'TRUNCATE' THEN
      PERFORM ${schema}.auth_record_change('x');
      UPDATE ${schema}.auth_session SET revoked_at = now(), revoke_reason = 'user_deleted'
      WHERE revoked_at IS NULL;
      RETURN NULL;
    END IF;
    before := to_jsonb(OLD) ->> TG_ARGV[0];
    PERFORM ${schema}.auth_record_change('u:' || before);
    IF TG_OP = 'UPDATE' THEN after := to_jsonb(NEW) ->> TG_ARGV[0]; END IF;
    IF after IS DISTINCT FROM before THEN
      IF after IS NOT NULL THEN PERFORM ${schema}.auth_record_change('u:' || after); END IF;
      UPDATE ${schema}.auth_session SET revoked_at = now(), revoke_reason = 'user_deleted'
      WHERE user_id = before AND revoked_at IS NULL;
      PERFORM ${schema}.auth_end_adoption(before);
    END IF;
    RETURN NULL;
  END $$;

  CREATE OR REPLACE FUNCTION ${schema}.auth_user_password_changed() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  DECLARE
    changed text := to_jsonb(NEW) ->> TG_ARGV[0];
    -- Which sessions the transaction keeps: all (the hash was upgraded), one by its id, none by default.
    kept text := coalesce(current_setting('nest_simplejwt.keep_sessions', true), '');
  BEGIN
    IF kept <> 'all' THEN
      UPDATE ${schema}.auth_session SET revoked_at = now(), revoke_reason = 'password_changed'
      WHERE user_id = changed AND revoked_at IS NULL
        AND replace(id::text, '-', '') <> replace(lower(kept), '-', '');
      PERFORM ${schema}.auth_end_adoption(changed);
    END IF;
    RETURN NULL;
  END $$`;
