import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { familyCpu } from './machine.mjs';
import { runAsync } from './postgres.mjs';
import { writeSessions } from './speed-servers.mjs';
import { load, SCRIPTS } from './wrk.mjs';

const ME = '/users/me';
const LOGIN = '/login/simpleJWT';
const REFRESH = `${LOGIN}/refresh`;
const HASHES = fileURLToPath(new URL('./hosts/hashes.mjs', import.meta.url));
/** Log-ins, and hashes, in flight. */
const LOGINS = 8;

/**
 * The measurements of one round, in order. Each gives a sample: figures by name.
 *
 * @param bench - servers, cores, Postgres, folder, seconds, connections
 */
export async function plan(bench) {
  const { servers } = bench;
  const count = bench.connections * 2;
  const files = {};
  for (const name of ['main', 'still', 'twin', 'twinRs', 'free', 'counted']) {
    files[name] = await writeSessions(servers[name], { count, folder: bench.folder });
  }
  const get = (name, path) => () =>
    measured(bench, servers[name], { script: SCRIPTS.authorized(path, files[name].access) });
  const post = (name, path, what) => () =>
    measured(bench, servers[name], { script: SCRIPTS.post(path, files[name][what]) });
  const rotate = (name, connections) => async () => {
    const tokens = await writeSessions(servers[name], {
      count: connections * 2,
      folder: bench.folder,
    });
    return measured(bench, servers[name], {
      script: SCRIPTS.rotate(REFRESH, tokens.refresh),
      connections,
    });
  };
  const onAllCores = (more) => measured(bench, servers.free, { cores: bench.cores.all, ...more });
  const guardOnAllCores = () =>
    onAllCores({ script: SCRIPTS.authorized(ME, files.free.access), connections: LOGINS });
  const logIn = () =>
    onAllCores({ script: SCRIPTS.post(LOGIN, files.free.loginBodies), connections: LOGINS });
  return {
    // First: Postgres clears up for seconds after the many writes of the refreshes, which takes time from the hashes.
    login: logIn,
    'hashes alone': () => hashes(bench),
    'guard, idle': guardOnAllCores,
    'guard, login storm': async () => (await Promise.all([guardOnAllCores(), logIn()]))[0],
    'node:http': () => measured(bench, servers.bare, { script: SCRIPTS.get('/') }),
    'nest + fastify': () => measured(bench, servers.nest, { script: SCRIPTS.get(ME) }),
    guard: get('main', ME),
    'twin HS256: no guard': get('twin', '/bench/open'),
    'twin HS256: AuthenticationGuard': get('twin', ME),
    'twin HS256: JwtAuthGuard': get('twin', '/bench/jwt'),
    'twin RS256: no guard': get('twinRs', '/bench/open'),
    'twin RS256: AuthenticationGuard': get('twinRs', ME),
    'twin RS256: JwtAuthGuard': get('twinRs', '/bench/jwt'),
    verify: post('main', `${LOGIN}/verify`, 'verifyBodies'),
    'refresh, no rotation': post('still', REFRESH, 'refreshBodies'),
    'refresh, rotating': rotate('main', bench.connections),
    ...(servers.reference && {
      'refresh, rotating: reference': rotate('reference', bench.connections),
    }),
    'refresh, rotating, 16': rotate('main', 16),
    'pgbench, 16': () => oneRowUpdates(bench),
    'guard, statements': () => statements(bench, files.counted.access),
  };
}

/** Loads a server and adds what it and Postgres used: CPU per request in µs, and shares of a core. */
async function measured(bench, server, options) {
  const { connections, seconds, folder, postgres } = bench;
  const before = { server: server.cpu(), postgres: familyCpu(postgres.pid) };
  const figures = await load({ server, connections, seconds, folder, ...options });
  const cpu = server.cpu() - before.server;
  return {
    ...figures,
    cpu: (cpu * 1e6) / figures.requests,
    serverShare: cpu / seconds,
    postgresShare: (familyCpu(postgres.pid) - before.postgres) / seconds,
  };
}

/** What the database can do alone: the limit of one updated row for each refresh. */
async function oneRowUpdates({ programs, postgres, folder, seconds }) {
  writeFileSync(
    join(folder, 'pgbench.sql'),
    `\\set i random(1, 100000)
UPDATE one_row SET generation = generation + 1, rotated_at = now()
WHERE id = md5((:i)::text)::uuid RETURNING generation;
`,
  );
  const before = familyCpu(postgres.pid);
  const where = `-h 127.0.0.1 -p ${postgres.port} -U app`;
  const how = `-n -M prepared -c 16 -j 1 -T ${seconds}`;
  const args = `${where} ${how} -f pgbench.sql pgbench`.split(' ');
  const output = await runAsync(programs.pgbench, args, { cwd: folder });
  const rate = Number(/tps = ([\d.]+)/.exec(output)?.[1]);
  return { rate, postgresShare: (familyCpu(postgres.pid) - before) / seconds };
}

/** The table that `pgbench` updates. */
export async function prepareOneRowUpdates(postgres) {
  await postgres.createDatabase('pgbench');
  const client = await postgres.connect('pgbench');
  await client.query(`
    CREATE TABLE one_row (id uuid PRIMARY KEY, generation integer NOT NULL, rotated_at timestamptz)
      WITH (fillfactor = 75);
    INSERT INTO one_row SELECT md5(i::text)::uuid, 0, now() FROM generate_series(1, 100000) i`);
  await client.end();
}

async function hashes({ cores, dist, seconds }) {
  const args = ['-c', cores.all, process.execPath, HASHES, String(seconds), String(LOGINS)];
  const env = { ...process.env, BENCH_DIST: dist };
  return { rate: Number(await runAsync('taskset', args, { env })) };
}

async function statements(bench, accessFile) {
  const { counted } = bench.servers;
  const script = SCRIPTS.authorized(ME, accessFile);
  // The first sight of each token is no steady state.
  await load({ ...bench, server: counted, script, seconds: 1, cores: undefined });
  const before = [counted.pool.count(), counted.feed.count()];
  const figures = await measured(bench, counted, { script });
  const ofRequests = counted.pool.count() - before[0];
  return {
    ...figures,
    statements: ofRequests,
    perRequest: ofRequests / figures.requests,
    feedPerSecond: (counted.feed.count() - before[1]) / bench.seconds,
  };
}
