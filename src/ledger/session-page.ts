import { ValidationError } from '../common/errors.js';
import type { SessionInfo, SessionPage } from './refresh-token-ledger.js';

/** Sessions of one page, unless the caller says otherwise, and at most. */
const USUAL_LIMIT = 100;
const LARGEST_LIMIT = 200;

/**
 * Which part of a list is asked for.
 *
 * @publicApi
 */
export interface PageRequest {
  /** Sessions at most. */
  readonly limit: number;
  /** `next` of the page before; null for the first page. */
  readonly after: string | null;
}

/** The first page. */
export const FIRST_PAGE: PageRequest = { limit: USUAL_LIMIT, after: null };

/**
 * Reads the page that a query asks for.
 *
 * @throws ValidationError when the limit is no number, or out of range
 */
export function pageRequest({ limit, after }: Readonly<Record<string, unknown>>): PageRequest {
  const number = limit === undefined ? USUAL_LIMIT : Number(limit);
  if (
    limit === '' ||
    typeof limit === 'object' ||
    !Number.isInteger(number) ||
    number < 1 ||
    number > LARGEST_LIMIT
  ) {
    throw new ValidationError({ limit: [`Give a whole number from 1 to ${LARGEST_LIMIT}.`] });
  }
  if (after !== undefined && typeof after !== 'string') throw invalidCursor();
  return { limit: number, after: after ?? null };
}

/** A `next` that no page of this ledger has given. */
export function invalidCursor(): ValidationError {
  return new ValidationError({ after: ['Invalid cursor.'] });
}

/** Makes a page of rows, of which one more than asked for was read: that one tells whether there is another page. */
export async function cutPage<Row>(
  rows: readonly Row[],
  { limit, after }: PageRequest,
  of: {
    readonly info: (row: Row) => SessionInfo;
    /** Where the next page begins after this row. */
    readonly cursor: (row: Row) => string;
    /** Of all pages. */
    readonly count: () => Promise<number>;
  },
): Promise<SessionPage> {
  const shown = rows.slice(0, limit);
  const last = rows.length > limit ? shown.at(-1) : undefined;
  const isAll = after === null && last === undefined;
  return {
    sessions: shown.map(of.info),
    total: isAll ? shown.length : await of.count(),
    next: last ? of.cursor(last) : null,
  };
}
