import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { benchUsers, openSessions, startServer } from './server.mjs';
import { startStatementCounter } from './statement-counter.mjs';

const host = (name) => fileURLToPath(new URL(`./hosts/${name}.mjs`, import.meta.url));
const node = (path) => `exec '${process.execPath}' '${path}'`;
const NO_ROTATION = {
  SIMPLE_JWT_ROTATE_REFRESH_TOKENS: 'false',
  SIMPLE_JWT_BLACKLIST_AFTER_ROTATION: 'false',
};
const ROTATION = {
  SIMPLE_JWT_ROTATE_REFRESH_TOKENS: 'true',
  SIMPLE_JWT_BLACKLIST_AFTER_ROTATION: 'true',
};

/** Users who log in; few, since a reference server may take a second to hash each password. */
export const USERS = benchUsers(16);

/**
 * Starts the servers that are measured, each with a database of its own. All but `free` have the server's core.
 *
 * @returns by name; `null` in place of the reference without a command
 */
export async function startServers({ dist, reference, cores, postgres, folder, started }) {
  const fixture = join(folder, 'users.json');
  writeFileSync(fixture, JSON.stringify(USERS));
  const start = async (name, command, env = {}, on = cores.server) => {
    const database = `bench_${name.replaceAll('-', '_')}`;
    await postgres.createDatabase(database);
    const server = await startServer({
      name,
      command,
      cores: on,
      folder,
      env: {
        DATABASE_URL: postgres.urlOf(database),
        USERS_FIXTURE: fixture,
        BENCH_DIST: dist,
        ...env,
      },
    });
    started.push(server);
    console.error(`started ${name} in ${Math.round(server.startedIn)} ms`);
    return server;
  };
  const main = node(resolve(dist, 'main.js'));
  return {
    bare: await start('node-http', node(host('node-http'))),
    nest: await start('nest', node(host('nest'))),
    main: await start('main', main),
    still: await start('main-without-rotation', main, NO_ROTATION),
    twin: await start('twin-hs256', node(host('twin'))),
    twinRs: await start('twin-rs256', node(host('twin')), rsaKeys()),
    free: await start('main-on-all-cores', main, {}, cores.all),
    counted: await startCounted(start, main, { postgres, started }),
    reference:
      reference && (await start('reference', reference, { ...ROTATION, REFERENCE_WORKERS: '1' })),
  };
}

/** A server whose statements are counted: those of requests, and those of the change feed. */
async function startCounted(start, command, { postgres, started }) {
  const pool = await startStatementCounter(postgres);
  const feed = await startStatementCounter(postgres);
  const name = 'counted';
  const through = ({ port }) =>
    Object.assign(new URL(postgres.urlOf(`bench_${name}`)), { port }).href;
  const env = { DATABASE_URL: through(pool), DATABASE_FEED_URL: through(feed) };
  const server = await start(name, command, env);
  started.push(pool, feed);
  return { ...server, pool, feed };
}

function rsaKeys() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    SIMPLE_JWT_ALGORITHM: 'RS256',
    SIMPLE_JWT_SIGNING_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  };
}

/** Opens sessions and writes what wrk sends for them. @returns the files' paths */
export async function writeSessions(server, { count, folder }) {
  const pairs = await openSessions(server, USERS, count);
  const write = (what, lines) => {
    const path = join(folder, `${server.name}.${what}`);
    writeFileSync(path, lines.join('\n'));
    return path;
  };
  return {
    access: write(
      'access',
      pairs.map(({ access }) => access),
    ),
    refresh: write(
      'refresh',
      pairs.map(({ refresh }) => refresh),
    ),
    verifyBodies: write(
      'verify-bodies',
      pairs.map(({ access }) => JSON.stringify({ token: access })),
    ),
    refreshBodies: write(
      'refresh-bodies',
      pairs.map(({ refresh }) => JSON.stringify({ refresh })),
    ),
    loginBodies: write(
      'login-bodies',
      USERS.map(({ username, password }) => JSON.stringify({ username, password })),
    ),
  };
}
