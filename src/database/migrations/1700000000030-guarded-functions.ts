import type { MigrationInterface, QueryRunner } from 'typeorm';
import { currentSchema } from './1700000000002-change-feed.js';

/**
 * The triggers' functions run as their owner, and Postgres lets every role use a new function: whoever may connect could
 * make a temporary table with one of them as its trigger, and end anybody's sessions. So nobody else may use them any
 * more, and each asks which table has called it before it looks at a row: triggers that were made earlier stay.
 */
export class GuardedFunctions1700000000030 implements MigrationInterface {
  readonly name = 'GuardedFunctions1700000000030';

  async up(runner: QueryRunner): Promise<void> {
    const schema = await currentSchema(runner);
    await runner.query(guards(schema));
    await runner.query(
      functions(schema, {
        ofUsers: `PERFORM ${schema}.auth_require_user_table(TG_RELID);`,
        ofSessions: `PERFORM ${schema}.auth_require_table(TG_RELID, '${schema}.auth_session');`,
        ofKeys: `PERFORM ${schema}.auth_require_table(TG_RELID, '${schema}.auth_signing_key');`,
      }),
    );
    await runner.query(
      `REVOKE EXECUTE ON FUNCTION ${listOf(schema, [...CALLED, ...GUARDS])} FROM PUBLIC`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    const schema = await currentSchema(runner);
    await runner.query(functions(schema, { ofUsers: '', ofSessions: '', ofKeys: '' }));
    await runner.query(`DROP FUNCTION ${listOf(schema, GUARDS)}`);
    await runner.query(`GRANT EXECUTE ON FUNCTION ${listOf(schema, CALLED)} TO PUBLIC`);
  }
}

const GUARDS = ['auth_require_table(oid, text)', 'auth_require_user_table(oid)'];

const CALLED = [
  'auth_record_change(text)',
  'auth_end_adoption(text)',
  'auth_user_changed()',
  'auth_user_password_changed()',
  'auth_session_changed()',
  'auth_signing_key_changed()',
];

function listOf(schema: string, functions: readonly string[]): string {
  return functions.map((name) => `${schema}.${name}`).join(', ');
}

/*
 * Users may be in a table of a host's own, whose name is not known here. What counts is who owns it: the functions' own
 * owner, a superuser, or a role that was expressly given the function. A restore without privileges gives it to everybody
 * again, which is why a grant to PUBLIC does not count. Django's table may belong to Django's role.
 */
const guards = (schema: string): string => `
  CREATE FUNCTION ${schema}.auth_require_table(fired_on oid, wanted text) RETURNS void LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp AS $$
  BEGIN
    IF fired_on = to_regclass(wanted)::oid THEN RETURN; END IF;
    RAISE EXCEPTION 'the table % may not use the triggers of %', fired_on::regclass, wanted
      USING ERRCODE = 'insufficient_privilege';
  END $$;

  CREATE FUNCTION ${schema}.auth_require_user_table(fired_on oid) RETURNS void LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp AS $$
  BEGIN
    IF fired_on = to_regclass('${schema}.auth_user')::oid OR EXISTS (
      SELECT FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
      WHERE c.oid = fired_on AND (r.rolname = current_user OR r.rolsuper OR EXISTS (
        SELECT FROM pg_proc p, aclexplode(p.proacl) a
        WHERE p.oid = '${schema}.auth_user_changed()'::regprocedure AND a.grantee = r.oid)))
    THEN RETURN; END IF;
    RAISE EXCEPTION 'the owner of the table % may not watch users', fired_on::regclass
      USING ERRCODE = 'insufficient_privilege', HINT = 'To the owner of a user table: GRANT EXECUTE ON FUNCTION '
        || '${schema}.auth_user_changed(), ${schema}.auth_user_password_changed() TO <role>';
  END $$`;

/** What stands first in each function. */
interface Checks {
  readonly ofUsers: string;
  readonly ofSessions: string;
  readonly ofKeys: string;
}

/*
 * Nothing of the row is looked at in front of the check, in the declarations neither: making JSON of a stranger's row runs
 * what the stranger has written for its columns' types, as the owner of the function.
 */
const functions = (schema: string, checks: Checks): string => `
  CREATE OR REPLACE FUNCTION ${schema}.auth_user_changed() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  DECLARE
    before text;
    after text;
  BEGIN
    ${checks.ofUsers}
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
    changed text;
    -- Which sessions the transaction keeps: all (the hash was upgraded), one by its id, none by default.
    kept text := coalesce(current_setting('nest_simplejwt.keep_sessions', true), '');
  BEGIN
    ${checks.ofUsers}
    changed := to_jsonb(NEW) ->> TG_ARGV[0];
    IF kept <> 'all' THEN
      UPDATE ${schema}.auth_session SET revoked_at = now(), revoke_reason = 'password_changed'
      WHERE user_id = changed AND revoked_at IS NULL
        AND replace(id::text, '-', '') <> replace(lower(kept), '-', '');
      PERFORM ${schema}.auth_end_adoption(changed);
    END IF;
    RETURN NULL;
  END $$;

  CREATE OR REPLACE FUNCTION ${schema}.auth_session_changed() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  BEGIN
    ${checks.ofSessions}
    IF TG_OP = 'TRUNCATE' THEN
      PERFORM ${schema}.auth_record_change('x');
    ELSE
      PERFORM ${schema}.auth_record_change('s:' || replace(OLD.id::text, '-', ''));
    END IF;
    RETURN NULL;
  END $$;

  CREATE OR REPLACE FUNCTION ${schema}.auth_signing_key_changed() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  BEGIN
    ${checks.ofKeys}
    PERFORM ${schema}.auth_record_change('k');
    RETURN NULL;
  END $$`;
