import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/*
 * The server as a version to come might be: it has one migration more, with all that a migration may do while servers
 * of this version run on the same database.
 */
const dist = resolve(process.env.TEST_DIST ?? 'dist');
const load = (path) => import(pathToFileURL(resolve(dist, path)).href);

class NextVersion1900000000000 {
  name = 'NextVersion1900000000000';

  async up(runner) {
    await runner.query('CREATE TABLE auth_next_version (id int)');
    for (const table of [
      'auth_user',
      'auth_session',
      'auth_change',
      'auth_attempt',
      'auth_known_client',
    ]) {
      await runner.query(`ALTER TABLE ${table} ADD COLUMN next_version text NOT NULL DEFAULT 'x'`);
    }
    await runner.query('CREATE INDEX auth_session_next_version ON auth_session (next_version)');
  }

  async down() {
    throw new Error('nothing undoes this');
  }
}

const { AUTH_MIGRATIONS } = await load('database/migrations.js');
AUTH_MIGRATIONS.push(NextVersion1900000000000);
await load('main.js');
