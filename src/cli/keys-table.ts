import type { KeyDescription } from '../keys/key-rotation.service.js';

const HEAD = ['kid', 'algorithm', 'state', 'created', 'signs since', 'retired', 'verifies until'];

/** The keys as a table for people, its columns as wide as they need to be. */
export function keyTable(keys: readonly KeyDescription[]): string {
  if (keys.length === 0) return 'The ring holds no keys: SIMPLE_JWT_SIGNING_KEY signs.';
  const rows = [HEAD, ...keys.map(cellsOf)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** A time as people read it, to the second. */
export function timeText(time: number | null): string {
  return time === null ? '-' : new Date(time).toISOString().replace(/\.\d+Z$/, 'Z');
}

function cellsOf(key: KeyDescription): string[] {
  const { kid, algorithm, state, createdAt, activatedAt, retiredAt, verifiesUntil } = key;
  return [
    kid,
    algorithm,
    state,
    ...[createdAt, activatedAt, retiredAt, verifiesUntil].map(timeText),
  ];
}
