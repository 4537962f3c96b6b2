import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { falseLogOuts, HONEST, NETWORKS, RULES, THIEVES, thiefFigures } from './figures.js';
import type { RotationRule } from './rules.js';

const BEGIN = '<!-- begin: npm run model -->';
const END = '<!-- end: npm run model -->';

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  return [row(heads), row(heads.map(() => '---')), ...rows.map(row)].join('\n');
}

function logOutRows(rule: RotationRule, sessions: number): string[][] {
  return Object.entries(HONEST).map(([client, scenario]) => {
    const shares = Object.values(NETWORKS).map((conditions) =>
      percent(falseLogOuts({ rule, scenario, conditions, sessions })),
    );
    return [rule.name, client, ...shares];
  });
}

function thiefRows(rule: RotationRule, sessions: number): string[][] {
  return Object.entries(THIEVES).map(([thief, scenario]) => {
    const figures = Object.values(NETWORKS).map((conditions) => {
      const cell = { rule, scenario, conditions, sessions };
      const { served, caught, median, ninetieth } = thiefFigures(cell);
      if (served === 0) return 'none got a token';
      return `${percent(caught)} of ${served}; ${median.toFixed(0)} s, ${ninetieth.toFixed(0)} s`;
    });
    return [rule.name, thief, ...figures];
  });
}

/** The generated part of the page: every rule on every network, honest clients first. */
function report(sessions: number): string {
  const networks = Object.keys(NETWORKS);
  return [
    `False log-outs: the share of ${sessions} honest sessions that ended within the simulated time.`,
    table(
      ['rule', 'client', ...networks],
      RULES.flatMap((rule) => logOutRows(rule, sessions)),
    ),
    'Thieves: the share whose session ended, of those who got a token at all; and the time from that' +
      ' token to the end, median and ninth decile.',
    table(
      ['rule', 'thief', ...networks],
      RULES.flatMap((rule) => thiefRows(rule, sessions)),
    ),
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
