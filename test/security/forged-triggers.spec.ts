import { Client } from 'pg';
import { dataSourceOptions, withDataSource } from '../../src/server/data-source.js';
import { migrate } from '../../src/database/migrate.js';
import { AUTH_MIGRATIONS } from '../../src/database/migrations.js';
import { requireTriggers } from '../../src/users/trigger-check.js';
import { userTriggers } from '../../src/users/user-triggers.js';
import { query } from '../support/databases.js';
import { startSharedPostgres, type SharedPostgres } from '../support/shared-postgres.js';

jest.setTimeout(60_000);

const DENIED = /permission denied|may not (use|watch)/;

/**
 * Somebody who may connect to the database and nothing else makes a table with our triggers: the functions run as their
 * owner, and would end the sessions of whoever the row names.
 */
describe('a stranger in the database who uses the functions of our triggers', () => {
  let postgres: SharedPostgres;
  let database: string;

  beforeAll(async () => {
    postgres = await startSharedPostgres();
    database = await postgres.createDatabase('shared');
    await migrate(dataSourceOptions(database, 2));
    await query(
      database,
      `INSERT INTO auth_user (username, password, is_active, is_staff, is_superuser, email, first_name,
        last_name, date_joined) VALUES ('ann', 'x', true, false, false, '', '', '', now());
      INSERT INTO auth_session (id, user_id, generation, is_sliding, created_at, last_used_at, rotated_at,
        expires_at, superseded_at)
      VALUES (gen_random_uuid(), '1', 0, false, now(), now(), now(), now() + interval '1 d', '{}');
      GRANT CREATE ON DATABASE shared TO guest`,
    );
  });

  afterAll(() => postgres.stop());

  afterEach(async () => {
    const [row] = await query<{ live: number; changes: number }>(
      database,
      `SELECT (SELECT count(*)::int FROM auth_session WHERE revoked_at IS NULL) AS live,
        (SELECT count(*)::int FROM auth_change) AS changes`,
    );
    expect(row).toEqual({ live: 1, changes: 0 });
  });

  /** Runs statements on one connection, since temporary tables end with it. */
  async function asGuest(...statements: string[]): Promise<void> {
    const client = new Client({ connectionString: postgres.asGuest(database) });
    await client.connect();
    try {
      for (const statement of statements) await client.query(statement);
    } finally {
      await client.end();
    }
  }

  const TEMPORARY = 'CREATE TEMP TABLE bait (id text, password text)';

  it.each([
    ['auth_user_changed', 'DELETE ON bait FOR EACH ROW', "('id')"],
    ['auth_user_changed', 'TRUNCATE ON bait', "('id')"],
    ['auth_user_password_changed', 'UPDATE ON bait FOR EACH ROW', "('id')"],
    ['auth_session_changed', 'TRUNCATE ON bait', '()'],
    ['auth_signing_key_changed', 'TRUNCATE ON bait', '()'],
  ])('cannot give a temporary table the trigger %s, %s', async (name, when, parameters) => {
    const trigger = `CREATE TRIGGER t AFTER ${when} EXECUTE FUNCTION ${name}${parameters}`;
    await expect(asGuest(TEMPORARY, trigger)).rejects.toThrow(DENIED);
  });

  it.each(["auth_record_change('x')", "auth_end_adoption('1')"])('cannot call %s', async (call) => {
    await expect(asGuest(`SELECT ${call}`)).rejects.toThrow(DENIED);
  });

  it('ends nothing by triggers that were made while everybody might use the functions', async () => {
    const names = `auth_user_changed(), auth_user_password_changed(), auth_session_changed(),
      auth_signing_key_changed(), auth_record_change(text), auth_end_adoption(text)`;
    const guards = 'auth_require_table(oid, text), auth_require_user_table(oid)';
    await query(database, `GRANT EXECUTE ON FUNCTION ${names}, ${guards} TO PUBLIC`);
    await asGuest(
      'CREATE SCHEMA bait',
      'CREATE TABLE bait.users (id text, password text)',
      "INSERT INTO bait.users VALUES ('1', 'x')",
      `CREATE TRIGGER t AFTER DELETE ON bait.users FOR EACH ROW EXECUTE FUNCTION auth_user_changed('id')`,
      `CREATE TRIGGER e AFTER TRUNCATE ON bait.users EXECUTE FUNCTION auth_user_changed('id')`,
      `CREATE TRIGGER p AFTER UPDATE ON bait.users FOR EACH ROW EXECUTE FUNCTION auth_user_password_changed('id')`,
      'CREATE TABLE bait.sessions (id text)',
      "INSERT INTO bait.sessions VALUES ('1')",
      'CREATE TRIGGER s AFTER DELETE ON bait.sessions FOR EACH ROW EXECUTE FUNCTION auth_session_changed()',
      'CREATE TRIGGER k AFTER TRUNCATE ON bait.sessions EXECUTE FUNCTION auth_signing_key_changed()',
    );
    // With the grant still there, as behind a restore that leaves privileges out.
    for (const statement of [
      'DELETE FROM bait.users',
      'TRUNCATE bait.users',
      "UPDATE bait.users SET password = 'y'",
      'DELETE FROM bait.sessions',
      'TRUNCATE bait.sessions',
    ]) {
      await expect(asGuest(statement)).rejects.toThrow(DENIED);
    }
    await query(database, `REVOKE EXECUTE ON FUNCTION ${names}, ${guards} FROM PUBLIC`);
    await expect(asGuest('DELETE FROM bait.users')).rejects.toThrow(DENIED);
  });

  it('leaves a user table of another role alone until that role was given the functions', async () => {
    const statements = [
      'CREATE SCHEMA theirs',
      "CREATE TABLE theirs.customer (id text, password text, name text); INSERT INTO theirs.customer VALUES ('7', 'x', 'n')",
      'GRANT USAGE ON SCHEMA theirs TO PUBLIC; GRANT TRIGGER ON theirs.customer TO PUBLIC',
    ];
    await asGuest(...statements);
    const { up } = userTriggers({
      table: 'theirs.customer',
      id: 'id',
      password: 'password',
      watched: ['name'],
    });
    await query(database, up);
    const customers = {
      name: 'theirs.customer',
      id: 'id',
      idType: 'text',
      username: 'name',
      password: 'password',
      isActive: null,
      isStaff: null,
      tokenId: 'id',
    };
    const functions = 'public.auth_user_changed(), public.auth_user_password_changed()';
    await withDataSource(database, async (source) => {
      await expect(requireTriggers(source, customers)).rejects.toThrow(
        `GRANT EXECUTE ON FUNCTION ${functions} TO guest`,
      );
      await expect(asGuest("UPDATE theirs.customer SET password = 'y'")).rejects.toThrow(DENIED);
      await query(database, `GRANT EXECUTE ON FUNCTION ${functions} TO guest`);
      await expect(requireTriggers(source, customers)).resolves.toBe(undefined);
    });
    await asGuest("UPDATE theirs.customer SET password = 'y'", 'DROP SCHEMA theirs CASCADE');
    const changes = await query(database, 'DELETE FROM auth_change RETURNING key');
    expect(changes).toEqual([{ key: 'u:7' }]);
    await query(database, `REVOKE EXECUTE ON FUNCTION ${functions} FROM guest`);
  });

  it('cannot have a function of its own run as the owner, by the type of a column', async () => {
    await query(
      database,
      'GRANT EXECUTE ON FUNCTION auth_user_changed(), auth_user_password_changed() TO PUBLIC',
    );
    await asGuest(
      'CREATE SCHEMA planted',
      'CREATE TYPE planted.shape AS (side int)',
      `CREATE FUNCTION planted.as_json(planted.shape) RETURNS json LANGUAGE plpgsql AS $$
        BEGIN UPDATE public.auth_session SET revoked_at = now(); RETURN '1'; END $$`,
      'CREATE CAST (planted.shape AS json) WITH FUNCTION planted.as_json(planted.shape)',
      'CREATE TABLE planted.users (id text, password text, s planted.shape)',
      "INSERT INTO planted.users VALUES ('9', 'x', ROW(1))",
      `CREATE TRIGGER t AFTER DELETE ON planted.users FOR EACH ROW EXECUTE FUNCTION public.auth_user_changed('id')`,
      `CREATE TRIGGER p AFTER UPDATE ON planted.users FOR EACH ROW EXECUTE FUNCTION public.auth_user_password_changed('id')`,
    );
    await expect(asGuest('DELETE FROM planted.users')).rejects.toThrow(DENIED);
    await expect(asGuest("UPDATE planted.users SET password = 'y'")).rejects.toThrow(DENIED);
    await query(
      database,
      'REVOKE EXECUTE ON FUNCTION auth_user_changed(), auth_user_password_changed() FROM PUBLIC',
    );
  });

  it('ends no session by a notification, which only makes the servers look', async () => {
    await expect(asGuest("NOTIFY auth_change, 'x'", "NOTIFY auth_change, 'u:1'")).resolves.toBe(
      undefined,
    );
  });

  it('cannot read or write the change feed itself', async () => {
    await expect(asGuest("INSERT INTO auth_change (key) VALUES ('x')")).rejects.toThrow(DENIED);
    await expect(asGuest('TRUNCATE auth_feed')).rejects.toThrow(DENIED);
  });

  it('and every function of the migrations is closed to everybody else', async () => {
    expect(AUTH_MIGRATIONS.length).toBeGreaterThan(0);
    const open = await query(
      database,
      `SELECT p.oid::regprocedure::text AS name FROM pg_proc p
       WHERE p.pronamespace = 'public'::regnamespace AND has_function_privilege('guest', p.oid, 'EXECUTE')`,
    );
    expect(open).toEqual([]);
  });
});
