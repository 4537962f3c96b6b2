// npm run bench -- [--reference 'COMMAND'] [--seconds 3] [--rounds 3] [--connections 32] [--only 'guard,login'] [--dist dist] [--json FILE]
import { parseArgs } from 'node:util';
import { environment, shareCores } from './machine.mjs';
import { needPrograms } from './programs.mjs';
import { environmentLine, short, table, targetTable, writeJson } from './report.mjs';
import { medians, ratios } from './speed-figures.mjs';
import { plan, prepareOneRowUpdates } from './speed-plan.mjs';
import { startServers } from './speed-servers.mjs';
import { withWorkbench } from './workbench.mjs';

const { values: options } = parseArgs({
  options: {
    reference: { type: 'string' },
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '32' },
    only: { type: 'string', default: '' },
    dist: { type: 'string', default: 'dist' },
    json: { type: 'string' },
  },
});

/** How often the first round measures something: after 3 s of log-ins V8 still interprets most of what they use. */
const WARM_UP = { login: 5 };

const programs = needPrograms(['taskset', 'wrk', 'pgbench', 'pg_ctl', 'initdb']);
const found = environment();
const cores = shareCores();
await withWorkbench(options, async ({ folder, postgres, started }) => {
  await prepareOneRowUpdates(postgres);
  const { dist, reference } = options;
  const servers = await startServers({ dist, reference, cores, postgres, folder, started });
  const rounds = await play({
    servers,
    cores,
    postgres,
    folder,
    programs,
    dist,
    seconds: Number(options.seconds),
    connections: Number(options.connections),
  });
  const where = { ...found, postgres: postgres.version };
  const run = { environment: where, ratios: ratios(rounds), rounds };
  print(run);
  writeJson(options.json, run);
});

/** Warms everything up, then measures everything in turn as often as wanted. */
async function play(bench) {
  const only = options.only.split(',').filter(Boolean);
  const isWanted = (name) => only.length === 0 || only.some((part) => name.startsWith(part.trim()));
  const measurements = Object.entries(await plan(bench)).filter(([name]) => isWanted(name));
  const rounds = [];
  for (let round = 0; round <= Number(options.rounds); round += 1) {
    const samples = {};
    for (const [name, measure] of measurements) {
      const times = round === 0 ? (WARM_UP[name] ?? 1) : 1;
      for (let time = 0; time < times; time += 1) samples[name] = await measure();
      const { errors = 0 } = samples[name];
      if (errors > 0)
        throw new Error(`${name}: ${errors} requests failed, no figure would mean anything`);
    }
    if (round > 0) rounds.push(samples);
    console.error(round === 0 ? 'warm' : `round ${round} done`);
  }
  return rounds;
}

function print({ environment: where, ratios: rows, rounds }) {
  const workloads = Object.entries(medians(rounds));
  const bare = workloads.find(([name]) => name === 'node:http')?.[1];
  console.log(`${environmentLine(where)}; ${rounds.length} rounds of ${options.seconds} s\n`);
  console.log(`${targetTable(rows)}\n`);
  console.log(
    table(
      [
        'workload',
        'per second',
        'CPU µs',
        '× node:http',
        'p50 ms',
        'p99 ms',
        'server %',
        'Postgres %',
      ],
      workloads.map(([name, { rate, cpu, p50, p99, serverShare, postgresShare }]) => [
        name,
        short(rate),
        short(cpu),
        bare && cpu ? short(cpu / bare.cpu) : '',
        short(p50),
        short(p99),
        serverShare === undefined ? '' : Math.round(100 * serverShare),
        postgresShare === undefined ? '' : Math.round(100 * postgresShare),
      ]),
    ),
  );
  const feed = rounds.at(-1)['guard, statements']?.feedPerSecond;
  if (feed !== undefined)
    console.log(`\nStatements of the change feed: ${short(feed)} per second.`);
}
