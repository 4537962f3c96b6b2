// npm run bench:scale -- [--to 1e6] [--rounds 20] [--refreshes 30000] [--dist dist] [--json FILE]
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { pathToFileURL } from 'node:url';
import { environment, shareCores } from './machine.mjs';
import { needPrograms } from './programs.mjs';
import { environmentLine, writeJson } from './report.mjs';
import { countRows, fillSessions, fillUsers, PASSWORD, sessionBytes } from './scale-fill.mjs';
import { HttpClient } from './scale-http.mjs';
import { checkPlans, sequentialReads } from './scale-plans.mjs';
import { measureFlush, refreshBySql } from './scale-refresh.mjs';
import { printScale } from './scale-report.mjs';
import { startServer } from './server.mjs';
import { withWorkbench } from './workbench.mjs';

const { values: options } = parseArgs({
  options: {
    to: { type: 'string', default: '1e6' },
    rounds: { type: 'string', default: '20' },
    refreshes: { type: 'string', default: '30000' },
    dist: { type: 'string', default: 'dist' },
    json: { type: 'string' },
  },
});
/** Requests of each kind in a round; log-ins are dear. */
const REQUESTS = 50;
const LOGINS = 3;
/** Sessions of the database in which sessions grow old from their log-in on, and refreshes of each. */
const LIFE = { sessions: 4000, refreshes: 20 };

needPrograms(['taskset']);
const found = environment();
const cores = shareCores();
const load = (path) => import(pathToFileURL(resolve(options.dist, path)).href);
await withWorkbench(options, async (bench) => {
  const statements = await ledgerStatements();
  const passwordHash = await hashOf(PASSWORD);
  const sizes = [];
  for (let size = 1e4; size <= Number(options.to); size *= 10) {
    sizes.push(await prepare(bench, size, passwordHash));
  }
  await measureHttp(sizes);
  for (const size of sizes) await measureSql(size, statements, passwordHash);
  const life = await measureLife(bench, statements);
  const results = sizes.map(({ sessions, figures }) => ({ sessions, ...figures }));
  const run = { environment: { ...found, postgres: bench.postgres.version }, sizes: results, life };
  console.log(`${environmentLine(run.environment)}\n`);
  printScale(run);
  writeJson(options.json, run);
});

async function ledgerStatements() {
  const { sessionSql } = await load('ledger/session-sql.js');
  const columns = {
    username: 'username',
    password: 'password',
    isActive: 'is_active',
    isStaff: 'is_staff',
  };
  return sessionSql({ name: 'auth_user', id: 'id', idType: 'integer', tokenId: 'id', ...columns });
}

async function hashOf(password) {
  const { DjangoPasswordHasher } = await load('passwords/django-password-hasher.js');
  return new DjangoPasswordHasher({ preferred: 'argon2' }).hash(password);
}

async function migrated({ postgres }, database) {
  const { migrate } = await load('database/migrate.js');
  const { dataSourceOptions } = await load('server/data-source.js');
  await postgres.createDatabase(database);
  await migrate(dataSourceOptions(postgres.urlOf(database), 2));
  return postgres.connect(database);
}

/** A database with that many sessions, and a server on it. */
async function prepare(bench, sessions, passwordHash) {
  const database = `scale_${sessions}`;
  const client = await migrated(bench, database);
  await fillUsers(client, passwordHash);
  await fillSessions(client, sessions);
  const bytes = await sessionBytes(client);
  await client.end();
  const server = await startServer({
    name: `${sessions}-sessions`,
    command: `exec '${process.execPath}' '${resolve(options.dist, 'main.js')}'`,
    cores: cores.server,
    folder: bench.folder,
    env: { DATABASE_URL: bench.postgres.urlOf(database) },
  });
  bench.started.push(server);
  console.error(`filled ${sessions} sessions`);
  const connect = () => bench.postgres.connect(database);
  return { sessions, connect, server, figures: { bytes } };
}

/** Latencies of requests, sizes in turn, so that what else the machine does hits all alike. */
async function measureHttp(sizes) {
  for (const size of sizes) {
    await withClient(size, async (client) => {
      size.rows = await countRows(client);
    });
    await withClient(size, async (client) => {
      size.reads = await sequentialReads(client);
    });
    size.http = new HttpClient(size.server, size.sessions);
    size.figures.latencies = { refresh: [], guardNew: [], guard: [], guardEnded: [], login: [] };
    // The first answers are those of code that is not compiled yet.
    for (let i = 0; i < 500; i += 1) await size.http.refresh();
    for (let i = 0; i < 250; i += 1) await size.http.guard();
    for (let i = 0; i < 250; i += 1) await size.http.guardEnded();
  }
  for (let round = 0; round < Number(options.rounds); round += 1) {
    for (const { http, figures } of sizes) await playRound(http, figures.latencies);
  }
  for (const size of sizes) {
    size.http.close();
    // Its connections hand in their statistics when they end.
    await size.server.stop();
    await withClient(size, async (client) => {
      size.figures.sequentialReads = (await sequentialReads(client)) - size.reads;
      const added = (await countRows(client)) - size.rows - Number(options.rounds) * LOGINS;
      size.figures.rowsPerRefresh = added / size.figures.latencies.refresh.length;
    });
  }
}

async function playRound(http, latencies) {
  for (let i = 0; i < REQUESTS; i += 1) latencies.refresh.push(await http.refresh());
  for (let i = 0; i < REQUESTS; i += 1) {
    const [first, second] = await http.guard();
    latencies.guardNew.push(first);
    latencies.guard.push(second);
  }
  for (let i = 0; i < REQUESTS; i += 1) latencies.guardEnded.push(await http.guardEnded());
  for (let i = 0; i < LOGINS; i += 1) latencies.login.push(await http.logIn());
}

/** What refreshes do to the table, the plans, and the flush, which deletes and so comes last. */
async function measureSql(size, statements, passwordHash) {
  const { figures } = size;
  await withClient(size, async (client) => {
    figures.plans = await checkPlans(client, statements, { passwordHash });
    figures.flush = await measureFlush(client, statements.flush);
    // Fresh sessions of equal generation again: the requests before have moved some.
    await client.query('TRUNCATE auth_session');
    await fillSessions(client, size.sessions);
    await client.query('CHECKPOINT');
  });
  figures.refreshes = await refreshBySql({
    connect: size.connect,
    statement: statements.rotate,
    sessions: size.sessions,
    count: Number(options.refreshes),
  });
}

/** Sessions from their log-in through many refreshes: the row grows eight times before it keeps its length. */
async function measureLife(bench, statements) {
  const database = 'scale_life';
  const client = await migrated(bench, database);
  await fillUsers(client, 'none');
  await fillSessions(client, LIFE.sessions, { isNew: true });
  const before = await sessionBytes(client);
  const refreshes = await refreshBySql({
    connect: () => bench.postgres.connect(database),
    statement: statements.rotate,
    sessions: LIFE.sessions,
    count: LIFE.sessions * LIFE.refreshes,
    generation: 0,
  });
  const after = await sessionBytes(client);
  await client.end();
  return { ...LIFE, ...refreshes, before, after };
}

async function withClient({ connect }, work) {
  const client = await connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
