import { randomBytes } from 'node:crypto';
import Module from 'node:module';
import type { TestPostgres } from './test-postgres.js';

declare global {
  /** What the teardown has to stop; Jest runs it in the same process. */
  var testPostgres: TestPostgres | undefined;
}

type Resolve = (
  request: string,
  parent?: { filename?: string | null },
  ...rest: unknown[]
) => string;

/**
 * One Postgres for the whole run: `TEST_DATABASE_URL` where that is set (its user must be able to create databases),
 * else an embedded one. Jest calls this once, however many projects name it, and only if one of them has tests to run.
 */
export default async function globalSetup(): Promise<void> {
  resolveTypescriptImports();
  const { startTestPostgres } = await import('./test-postgres.js');
  const { RUN_VARIABLE, SERVER_VARIABLE, TEMPLATE, createDatabase } =
    await import('./databases.js');
  const { MIGRATIONS_TABLE, migrate } = await import('../../src/database/migrate.js');
  const { AUTH_MIGRATIONS } = await import('../../src/database/migrations.js');
  const given = process.env['TEST_DATABASE_URL'];
  globalThis.testPostgres = given ? undefined : await startTestPostgres();
  // Workers inherit the environment.
  process.env[SERVER_VARIABLE] = given || globalThis.testPostgres?.url;
  process.env[RUN_VARIABLE] = randomBytes(4).toString('hex');
  await migrate({
    type: 'postgres',
    url: await createDatabase(TEMPLATE, null),
    migrations: AUTH_MIGRATIONS,
    migrationsTableName: MIGRATIONS_TABLE,
  });
}

/**
 * Lets `require` find `x.ts` where a source imports `./x.js`. Jest maps these names for tests, but not for this file,
 * which it runs outside of its module system; so nothing of ours can be imported above.
 */
function resolveTypescriptImports(): void {
  const internals = Module as unknown as Record<'_resolveFilename', Resolve>;
  const { _resolveFilename: resolve } = internals;
  internals['_resolveFilename'] = function resolveSource(request, parent, ...rest) {
    const isSource = request.startsWith('.') && (parent?.filename ?? '').endsWith('.ts');
    return resolve.call(
      this,
      isSource ? request.replace(/\.js$/, '.ts') : request,
      parent,
      ...rest,
    );
  };
}
