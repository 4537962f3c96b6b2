/** White space by which Python's `bytes.split()` splits, as DRF does with the header (contract §11). */
const WHITESPACE = /[\t\n\v\f\r ]+/;

/** Splits the value of an authorization header into its words. */
export function wordsOf(value: string): string[] {
  return value.split(WHITESPACE).filter((word) => word !== '');
}
