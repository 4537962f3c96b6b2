import { writeFileSync } from 'node:fs';

/** A Markdown table, columns padded so that it reads well in a terminal too. */
export function table(heads, rows) {
  const cells = [heads, ...rows].map((row) => row.map(String));
  const widths = heads.map((_, i) => Math.max(3, ...cells.map((row) => row[i].length)));
  const line = (row) => `| ${row.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`;
  const [head, ...body] = cells.map(line);
  return [head, line(widths.map((width) => '-'.repeat(width))), ...body].join('\n');
}

/** A number with three significant digits, or as many as it has before the point; empty for none. */
export function short(number) {
  if (number === undefined || number === null || Number.isNaN(number)) return '';
  if (number === 0 || Math.abs(number) >= 100) return String(Math.round(number));
  return Number(number.toPrecision(3)).toString();
}

/** Rows of figures with their targets. */
export function targetTable(rows) {
  const verdict = { true: 'yes', false: 'NO', null: '' };
  return table(
    ['what', 'figure', 'lowest – highest', 'wanted', 'met'],
    rows.map(({ what, figure, low, high, target, isMet }) => [
      what,
      short(figure),
      low === high ? '' : `${short(low)} – ${short(high)}`,
      target,
      verdict[isMet],
    ]),
  );
}

/** The environment in a sentence. */
export function environmentLine({ date, processor, cores, memoryGb, node, postgres, load }) {
  const machine = `${cores} × ${processor}, ${memoryGb} GB`;
  return `${date}, ${machine}, Node ${node}, Postgres ${postgres}, load average ${load.join(' ')}`;
}

/** Writes what a run has found for other programs. */
export function writeJson(path, run) {
  if (path) writeFileSync(path, `${JSON.stringify(run, null, 2)}\n`);
}
