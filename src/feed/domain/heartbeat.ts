/** What one heartbeat read, all of it in one snapshot of the database. */
export interface Heartbeat {
  /** The snapshot, as Postgres writes it: `oldest running:next:running,…`, transaction ids. */
  readonly position: string;
  /** The database, and the server since its start. */
  readonly server: string;
  /** The process of the server that answered: through a pooler, one connection may have several. */
  readonly backend: number;
  /** What has changed since the position that was asked about. */
  readonly keys: readonly string[];
}

/** Up to where a reader knows everything. */
export type Position = Omit<Heartbeat, 'keys'>;

/** Change key that stands for every user and session. */
export const EVERYTHING = 'x';

/** More changes than this in one heartbeat are read as a change of everything. */
export const MOST_CHANGES = 20_000;

/** What to forget: these keys, or all there is. */
export type News = readonly string[] | typeof EVERYTHING;

/**
 * What a heartbeat tells a reader who knew everything up to a position; null for a reader who begins. Only a backend that
 * has lived since then is known to have lost nothing: no crash, no failover and no backup restored lies in between.
 */
export function newsOf(known: Position | null, beat: Heartbeat): News {
  const isContinuous = known?.server === beat.server && known.backend === beat.backend;
  if (!isContinuous || beat.keys.length > MOST_CHANGES) return EVERYTHING;
  return beat.keys.includes(EVERYTHING) ? EVERYTHING : beat.keys;
}

/** The oldest transaction that was still running at a position: everything below it had been read there. */
export function oldestRunning({ position }: Position): string {
  return position.slice(0, position.indexOf(':'));
}
