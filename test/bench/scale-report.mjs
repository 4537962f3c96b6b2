import { short, table } from './report.mjs';
import { median } from './speed-figures.mjs';

const p99 = (numbers) =>
  numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length * 0.99)];
const worst = (numbers) => Math.max(...numbers);

/** From the smallest size to the largest. */
const MOST_GROWTH = 1.2;

const REQUESTS = {
  refresh: 'refresh',
  login: 'login',
  guard: 'guard, token seen before',
  guardNew: 'guard, token not seen before',
  guardEnded: 'guard, ended session',
};

/** Figures by size: `[what, figure of a size, wanted growth]`. */
const LINES = [
  ...Object.entries(REQUESTS).flatMap(([kind, name]) => [
    [
      `${name}, median ms`,
      ({ latencies }) => median(latencies[kind]),
      kind === 'refresh' ? `≤ ${MOST_GROWTH}` : '',
    ],
    [`${name}, p99 ms`, ({ latencies }) => p99(latencies[kind]), ''],
  ]),
  ['flush, ms per 1000 rows', ({ flush }) => median(flush), ''],
];

/** Prints how the figures grow, then those that must stay within a limit. */
export function printScale({ sizes, life }) {
  const first = sizes[0];
  const last = sizes.at(-1);
  const growth = LINES.map(([what, figureOf, wanted]) => {
    const ratio = figureOf(last) / figureOf(first);
    const figures = sizes.map((size) => short(figureOf(size)));
    return [
      what,
      ...figures,
      short(ratio),
      wanted,
      wanted && (ratio <= MOST_GROWTH ? 'yes' : 'NO'),
    ];
  });
  const heads = sizes.map(({ sessions }) => `${sessions.toExponential().replace('e+', '0^')}`);
  console.log(
    table(['what', ...heads.map((head) => `${head} sessions`), 'growth', 'wanted', 'met'], growth),
  );
  console.log(`\n${table(['what', 'figure', 'wanted', 'met'], limits(sizes, life))}`);
}

const row = (what, figure, wanted, isMet) => [
  what,
  typeof figure === 'number' ? short(figure) : figure,
  wanted,
  isMet === null ? '' : isMet ? 'yes' : 'NO',
];

const parts = ({ rows: heap, pkey, user_id: users }) =>
  `rows ${short(heap)}, primary key ${short(pkey)}, index of users ${short(users)}`;

function limits(sizes, life) {
  const { bytes, plans } = sizes.at(-1);
  const scans = plans.filter((plan) => plan.scans.length > 0);
  const hot = Math.min(...sizes.map(({ refreshes }) => refreshes.hot));
  const rows = worst(sizes.map(({ rowsPerRefresh }) => rowsPerRefresh));
  const reads = worst(sizes.map(({ sequentialReads }) => sequentialReads));
  return [
    row('rows added per refresh', rows, '0', rows === 0),
    row(`bytes per session (${parts(bytes)})`, bytes.total, '≤ 550', bytes.total <= 550),
    row('HOT updates, %, worst size', 100 * hot, '≥ 95', hot >= 0.95),
    row(
      `HOT updates, %, from the log-in through ${life.refreshes} refreshes`,
      100 * life.hot,
      '≥ 95',
      life.hot >= 0.95,
    ),
    row(
      `bytes per session after that (${parts(life.after)})`,
      life.after.total,
      '≤ 550',
      life.after.total <= 550,
    ),
    ...sizes.map(({ sessions, refreshes }) =>
      row(
        `bytes of log per refresh, ${sessions} sessions, after a checkpoint`,
        refreshes.walBytes,
        '',
        null,
      ),
    ),
    row('bytes of log per refresh, pages written before', life.walBytes, '', null),
    row('sequential reads of large tables by requests', reads, '0', reads === 0),
    row(
      `statements of the ledger that plan one, of ${plans.length}`,
      scans.length === 0 ? '0' : scans.map((plan) => plan.statement).join(', '),
      '0',
      scans.length === 0,
    ),
  ];
}
