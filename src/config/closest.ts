/**
 * A hint at the known name that was probably meant, as a sentence after a blank; empty when no known name is near.
 */
export function closest(name: string, known: readonly string[]): string {
  const likely = known.find((candidate) => isNear(bare(name), bare(candidate)));
  return likely === undefined ? '' : ` Did you mean ${likely}?`;
}

/** `SIMPLE_JWT_SIGNING_KEY`, `SIGNING_KEY` and `signingkey` are all `signingKey`, written by another habit. */
function bare(name: string): string {
  return name
    .replace(/^SIMPLE_JWT_/, '')
    .replaceAll('_', '')
    .toLowerCase();
}

/** Whether two texts are the same but for one or two letters in one place. */
function isNear(one: string, other: string): boolean {
  const shorter = Math.min(one.length, other.length);
  let start = 0;
  while (start < shorter && one[start] === other[start]) start++;
  let end = 0;
  while (end < shorter - start && one.at(-1 - end) === other.at(-1 - end)) end++;
  return Math.max(one.length, other.length) - start - end <= 2;
}
