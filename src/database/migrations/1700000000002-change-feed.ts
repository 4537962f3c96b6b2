import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The change feed (design §4): triggers write what happened to users and sessions into `auth_change`, also for plain
 * SQL and for a Django server on the same tables, and a changed password ends its user's sessions (design §3).
 */
export class ChangeFeed1700000000002 implements MigrationInterface {
  readonly name = 'ChangeFeed1700000000002';

  async up(runner: QueryRunner): Promise<void> {
    const schema = await currentSchema(runner);
    await runner.query(tables(schema));
    await runner.query(functions(schema));
    await runner.query(userFunctions(schema));
    await runner.query(USER_TRIGGERS);
    await runner.query(SESSION_TRIGGERS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP FUNCTION auth_user_changed() CASCADE;
      DROP FUNCTION auth_user_password_changed() CASCADE;
      DROP FUNCTION auth_session_changed() CASCADE;
      DROP FUNCTION auth_record_change(text);
      DROP TABLE auth_change;
      DROP TABLE auth_feed`);
  }
}

/** The schema where the migrations make everything, as an identifier. */
export async function currentSchema(runner: QueryRunner): Promise<string> {
  const [row] = (await runner.query('SELECT quote_ident(current_schema()) AS schema')) as {
    schema: string;
  }[];
  return row?.schema ?? 'public';
}

/*
 * `key` is `u:` and a user's primary key, `s:` and a session's 32 hex digits, or `x` for everything. Readers go by the
 * transaction's id, since a sequence would lose what commits late.
 *
 * `auth_feed` is one row that says which history this is. Being unlogged it comes back empty after a crash, on a
 * promoted standby and from a base backup, which is just when commits that somebody has seen may be gone.
 */
const tables = (schema: string): string => `
  CREATE TABLE ${schema}.auth_change (
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    id bigint GENERATED ALWAYS AS IDENTITY,
    key text NOT NULL,
    CONSTRAINT auth_change_pkey PRIMARY KEY (xid, id)
  );
  CREATE UNLOGGED TABLE ${schema}.auth_feed (
    is_only_row boolean NOT NULL DEFAULT true CONSTRAINT auth_feed_pkey PRIMARY KEY
      CONSTRAINT auth_feed_one_row CHECK (is_only_row),
    epoch uuid NOT NULL DEFAULT gen_random_uuid(),
    trimmed_below xid8
  );
  INSERT INTO ${schema}.auth_feed DEFAULT VALUES`;

/*
 * The functions run as their owner with a fixed search path: Django may connect as another role, or with another path,
 * and must be able to change its users all the same.
 */
const functions = (schema: string): string => `
  CREATE FUNCTION ${schema}.auth_record_change(changed text) RETURNS void LANGUAGE plpgsql AS $$
  DECLARE
    counted text := current_setting('nest_simplejwt.changes', true);
    written integer := CASE WHEN counted ~ '^[0-9]{1,6}$' THEN counted::integer ELSE 0 END;
  BEGIN
    -- A transaction that changes more than this says once that everything has changed.
    IF written > 2000 THEN RETURN; END IF;
    IF written = 2000 THEN changed := 'x'; END IF;
    PERFORM set_config('nest_simplejwt.changes', (written + 1)::text, true);
    INSERT INTO ${schema}.auth_change (key) VALUES (changed);
    PERFORM pg_notify('auth_change', '');
  END $$;

  CREATE FUNCTION ${schema}.auth_session_changed() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  BEGIN
    IF TG_OP = 'TRUNCATE' THEN
      PERFORM ${schema}.auth_record_change('x');
    ELSE
      PERFORM ${schema}.auth_record_change('s:' || replace(OLD.id::text, '-', ''));
    END IF;
    RETURN NULL;
  END $$`;

/** A user table of a host's own can use these functions; the trigger's argument names its primary key. */
export const userFunctions = (schema: string): string => `
  CREATE OR REPLACE FUNCTION ${schema}.auth_user_changed() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  DECLARE
    before text;
    after text;
  BEGIN
    IF TG_OP = 'TRUNCATE' THEN
      PERFORM ${schema}.auth_record_change('x');
      RETURN NULL;
    END IF;
    before := to_jsonb(OLD) ->> TG_ARGV[0];
    PERFORM ${schema}.auth_record_change('u:' || before);
    IF TG_OP = 'UPDATE' THEN
      after := to_jsonb(NEW) ->> TG_ARGV[0];
      IF after <> before THEN PERFORM ${schema}.auth_record_change('u:' || after); END IF;
    END IF;
    RETURN NULL;
  END $$;

  CREATE OR REPLACE FUNCTION ${schema}.auth_user_password_changed() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  DECLARE
    -- Which sessions the transaction keeps: all (the hash was upgraded), one by its id, none by default.
    kept text := coalesce(current_setting('nest_simplejwt.keep_sessions', true), '');
  BEGIN
    IF kept <> 'all' THEN
      UPDATE ${schema}.auth_session SET revoked_at = now(), revoke_reason = 'password_changed'
      WHERE user_id = to_jsonb(NEW) ->> TG_ARGV[0] AND revoked_at IS NULL
        AND replace(id::text, '-', '') <> replace(lower(kept), '-', '');
    END IF;
    RETURN NULL;
  END $$`;

/*
 * For each row with a condition, not for each statement with transition tables: those are collected for every statement,
 * so that each log-in that writes `last_login`, and each refresh, would pay for them.
 */
const USER_TRIGGERS = `
  CREATE TRIGGER auth_user_changed AFTER UPDATE ON auth_user FOR EACH ROW
    WHEN ((OLD.id, OLD.username, OLD.email, OLD.password, OLD.is_active, OLD.is_staff, OLD.is_superuser)
      IS DISTINCT FROM
      (NEW.id, NEW.username, NEW.email, NEW.password, NEW.is_active, NEW.is_staff, NEW.is_superuser))
    EXECUTE FUNCTION auth_user_changed('id');
  CREATE TRIGGER auth_user_deleted AFTER DELETE ON auth_user FOR EACH ROW
    EXECUTE FUNCTION auth_user_changed('id');
  CREATE TRIGGER auth_user_truncated AFTER TRUNCATE ON auth_user FOR EACH STATEMENT
    EXECUTE FUNCTION auth_user_changed('id');
  CREATE TRIGGER auth_user_password_changed AFTER UPDATE ON auth_user FOR EACH ROW
    WHEN (OLD.password IS DISTINCT FROM NEW.password)
    EXECUTE FUNCTION auth_user_password_changed('id')`;

/* A session that had been ended is no news when its row is deleted or changed once more. */
const SESSION_TRIGGERS = `
  CREATE TRIGGER auth_session_changed AFTER UPDATE ON auth_session FOR EACH ROW
    WHEN (OLD.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL
      OR OLD.id <> NEW.id
      OR OLD.user_id IS DISTINCT FROM NEW.user_id
      OR OLD.ends_at IS DISTINCT FROM NEW.ends_at)
    EXECUTE FUNCTION auth_session_changed();
  CREATE TRIGGER auth_session_deleted AFTER DELETE ON auth_session FOR EACH ROW
    WHEN (OLD.revoked_at IS NULL)
    EXECUTE FUNCTION auth_session_changed();
  CREATE TRIGGER auth_session_truncated AFTER TRUNCATE ON auth_session FOR EACH STATEMENT
    EXECUTE FUNCTION auth_session_changed()`;
