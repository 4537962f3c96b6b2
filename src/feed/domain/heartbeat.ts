/** What one heartbeat read, all of it in one snapshot of the database. */
export interface Heartbeat {
  /** The snapshot, as Postgres writes it: `oldest running:next:running,…`, transaction ids. */
  readonly position: string;
  /** Names the history that these transaction ids count: server, start, database, and the row that a crash empties. */
  readonly history: string;
  /** Whether changes before this position may be missing: trimmed meanwhile, or the database went back in time. */
  readonly hasGap: boolean;
  /** What has changed since the position that was asked about. */
  readonly keys: readonly string[];
}

/** Up to where a reader knows everything. */
export type Position = Pick<Heartbeat, 'position' | 'history'>;

/** Change key that stands for every user and session. */
export const EVERYTHING = 'x';

/** More changes than this in one heartbeat are read as a change of everything. */
export const MOST_CHANGES = 20_000;

/** What to forget: these keys, or all there is. */
export type News = readonly string[] | typeof EVERYTHING;

/**
 * What a heartbeat tells a reader who knew everything up to a position; null for one who begins. Whatever cannot be
 * proved to continue from there is a change of everything (design §4).
 */
export function newsOf(known: Position | null, beat: Heartbeat): News {
  const isContinuous = known !== null && known.history === beat.history && !beat.hasGap;
  if (!isContinuous || beat.keys.length > MOST_CHANGES) return EVERYTHING;
  return beat.keys.includes(EVERYTHING) ? EVERYTHING : beat.keys;
}

/** The oldest transaction that was still running at a position: everything below it had been read there. */
export function oldestRunning({ position }: Position): string {
  return position.slice(0, position.indexOf(':'));
}
