/** The middle of the samples; of an even number the lower one. */
export function median(numbers) {
  const sorted = numbers.toSorted((one, other) => one - other);
  return sorted[(sorted.length - 1) >> 1];
}

/** Medians over the rounds: workload → figure → number. */
export function medians(rounds) {
  const workloads = [...new Set(rounds.flatMap((round) => Object.keys(round)))];
  return Object.fromEntries(
    workloads.map((workload) => {
      const samples = rounds.map((round) => round[workload]).filter(Boolean);
      const figures = Object.keys(samples[0]).map((name) => [
        name,
        median(samples.map((sample) => sample[name])),
      ]);
      return [workload, Object.fromEntries(figures)];
    }),
  );
}

const AT_MOST = (limit) => ({ limit, text: `≤ ${limit}`, isMet: (figure) => figure <= limit });
const AT_LEAST = (limit) => ({ limit, text: `≥ ${limit}`, isMet: (figure) => figure >= limit });

const cpu = (over, under) => ({ of: [over, under], figure: 'cpu' });
const rate = (over, under) => ({ of: [over, under], figure: 'rate' });

/** Ratios: of what, by which figure, and what is wanted. Those of one round are divided before the median is taken. */
const RATIOS = [
  ['Nest + Fastify route, CPU / node:http', cpu('nest + fastify', 'node:http')],
  ['guard, CPU / node:http', cpu('guard', 'node:http'), AT_MOST(2.6)],
  ...['HS256', 'RS256'].flatMap((algorithm) =>
    ['AuthenticationGuard', 'JwtAuthGuard'].map((guard) => [
      `${guard}, ${algorithm}, CPU / same route without guard`,
      cpu(`twin ${algorithm}: ${guard}`, `twin ${algorithm}: no guard`),
      AT_MOST(1.5),
    ]),
  ),
  ['verify, CPU / node:http', cpu('verify', 'node:http')],
  ['refresh without rotation, CPU / node:http', cpu('refresh, no rotation', 'node:http')],
  ['rotating refresh, CPU / node:http', cpu('refresh, rotating', 'node:http'), AT_MOST(8)],
  [
    'rotating refresh, requests per core / reference',
    cpu('refresh, rotating: reference', 'refresh, rotating'),
    AT_LEAST(10),
  ],
  [
    "rotating refreshes / pgbench's one-row updates, 16 connections",
    rate('refresh, rotating, 16', 'pgbench, 16'),
    AT_LEAST(0.35),
  ],
  ['log-ins / hashes alone, 8 in flight', rate('login', 'hashes alone'), AT_LEAST(0.9)],
  [
    'guard p99 in a login storm / idle',
    { of: ['guard, login storm', 'guard, idle'], figure: 'p99' },
    AT_MOST(5),
  ],
];

/** The ratios of a run, `{ what, figure, low, high, target, isMet }`; what was not measured is left out. */
export function ratios(rounds) {
  const found = RATIOS.flatMap(([what, { of, figure }, target]) => {
    const [over, under] = of;
    const samples = rounds
      .filter((round) => round[over] && round[under])
      .map((round) => round[over][figure] / round[under][figure]);
    return samples.length === 0 ? [] : [row(what, samples, target)];
  });
  const counts = rounds.map((round) => round['guard, statements']?.perRequest);
  const statements = counts.filter((count) => count !== undefined);
  if (statements.length === 0) return found;
  return [...found, row('SQL statements per guarded request', statements, AT_MOST(0))];
}

function row(what, samples, target) {
  const figure = median(samples);
  return {
    what,
    figure,
    low: Math.min(...samples),
    high: Math.max(...samples),
    target: target?.text ?? '',
    isMet: target?.isMet(figure) ?? null,
  };
}
