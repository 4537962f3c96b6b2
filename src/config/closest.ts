/**
 * A hint at the known name that was probably meant, as a sentence with a blank before it; empty when nothing is near.
 */
export function closest(name: string, known: readonly string[]): string {
  const wanted = bare(name);
  const [best] = known
    .map((candidate) => ({ candidate, distance: distance(wanted, bare(candidate)) }))
    .toSorted((one, other) => one.distance - other.distance);
  const isNear = best !== undefined && best.distance <= Math.max(1, Math.floor(name.length / 3));
  return isNear ? ` Did you mean ${best.candidate}?` : '';
}

/** `SIMPLE_JWT_SIGNING_KEY`, `SIGNING_KEY` and `signingkey` are all `signingKey`, written by another habit. */
function bare(name: string): string {
  return name
    .replace(/^SIMPLE_JWT_/, '')
    .replaceAll('_', '')
    .toLowerCase();
}

/** How many letters have to be inserted, left out or changed (Levenshtein). */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let line = 1; line <= from.length; line++) {
    const next = [line];
    for (let column = 1; column <= to.length; column++) {
      const change = (row[column - 1] ?? 0) + (from[line - 1] === to[column - 1] ? 0 : 1);
      next.push(Math.min(change, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
