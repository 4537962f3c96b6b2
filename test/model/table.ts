import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { ORDINARY } from './conditions.js';
import {
  BEHIND_PROXY,
  falseLogOuts,
  NETWORKS,
  NOT_PROMISED,
  OUR_RULE,
  OURS,
  PLAIN,
  RULES,
  THIEVES,
  thiefFigures,
} from './figures.js';

const BEGIN = '<!-- begin: npm run model -->';
const END = '<!-- end: npm run model -->';

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
const seconds = (time: number) => (Number.isNaN(time) ? '' : `${time.toFixed(0)} s`);
const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  return [row(heads), row(heads.map(() => '---')), ...rows.map(row)].join('\n');
}

function logOuts(sessions: number): string {
  const clients = Object.entries({ ...OURS, ...BEHIND_PROXY, ...PLAIN });
  const rows = RULES.flatMap((rule) =>
    clients.map(([client, scenario]) => {
      const shares = Object.values(NETWORKS).map((conditions) =>
        percent(falseLogOuts({ rule, scenario, conditions, sessions })),
      );
      return [rule.name, client, ...shares];
    }),
  );
  return table(['rule', 'client', ...Object.keys(NETWORKS)], rows);
}

const ALL_THIEVES = Object.entries({ ...THIEVES, ...NOT_PROMISED });

/** Every rule against every thief of an owner who stays where he is. */
function thieves(sessions: number): string {
  const rows = ALL_THIEVES.flatMap(([thief, scenario]) =>
    RULES.map((rule) => {
      const conditions = { ...ORDINARY, moves: Infinity };
      const figures = thiefFigures({ rule, scenario, conditions, sessions });
      const { stolen, ended, median, ninetieth, pairs, mostPairs } = figures;
      const times = [seconds(median), seconds(ninetieth)];
      return [thief, rule.name, `${percent(ended)} of ${stolen}`, ...times, pairs, mostPairs];
    }),
  );
  const heads = ['thief', 'rule', 'ended', 'median', 'ninth decile', 'pairs', 'ninth decile'];
  return table(
    heads,
    rows.map((cells) => cells.map(String)),
  );
}

/** Our rule against every thief, on every network, of an owner who moves about. */
function thievesOfTravellers(sessions: number): string {
  const rows = ALL_THIEVES.map(([thief, scenario]) => {
    const cells = Object.values(NETWORKS).map((conditions) => {
      const { ended, median } = thiefFigures({ rule: OUR_RULE, scenario, conditions, sessions });
      return `${percent(ended)}, ${seconds(median)}`;
    });
    return [thief, ...cells];
  });
  return table(['thief', ...Object.keys(NETWORKS)], rows);
}

/** The generated part of the page. */
function report(sessions: number): string {
  return [
    `False log-outs: the share of ${sessions} honest sessions that ended, or that the client left because of a` +
      ' refusal, within the simulated time.',
    logOuts(sessions),
    'Thieves of an owner who stays in one network, an ordinary one: the share that ended, of the sessions that lived' +
      ' when their store was copied; the time from the copy to the end, and the pairs that the thief got, each as median' +
      ' and ninth decile.',
    thieves(sessions),
    'This package, on each network, where the owner moves to another one about every 50 minutes: the share that' +
      ' ended, and the median time.',
    thievesOfTravellers(sessions),
  ].join('\n\n');
}

async function writeBetweenMarkers(path: string, text: string): Promise<void> {
  const page = await readFile(path, 'utf8');
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`${path} has no markers`);
  const written = `${before}${BEGIN}\n\n${text}\n\n${END}${after}`;
  await writeFile(path, await format(written, { ...(await resolveConfig(path)), filepath: path }));
}

/** The command: prints the table, or writes it into a page. */
export async function main(args: string[]): Promise<void> {
  const options = { write: { type: 'string' } } as const;
  const { positionals, values } = parseArgs({ args, options, allowPositionals: true });
  const sessions = Number(positionals[0] ?? 200);
  if (!Number.isInteger(sessions) || sessions < 1) throw new Error('how many sessions, e.g. 1000?');
  const text = report(sessions);
  if (values.write === undefined) console.log(text);
  else await writeBetweenMarkers(values.write, text);
}
