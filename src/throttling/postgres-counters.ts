import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { prepared, runPrepared, type Prepared } from '../database/prepared.js';
import { Counters, longestWait, type Limited } from './counters.js';

/** Far beyond every limit, far from the end of the type. */
const MOST_ATTEMPTS = 1_000_000_000;

const STATE = `a.key, a.attempts, extract(epoch FROM a.ends_at - now())::float8 AS seconds`;

/**
 * A statement for each number of keys. Postgres plans an array of parameters anew for each execution, since its length
 * tells the cost, a list once.
 *
 * @param of - the statement for keys of these numbers, from 1
 */
function forEachCount(of: (keys: readonly number[]) => string): (count: number) => Prepared {
  const known: Prepared[] = [];
  return (count) =>
    (known[count] ??= prepared(of(Array.from({ length: count }, (_, index) => index + 1))));
}

/*
 * The row lock lets attempts that arrive together count one after the other, so each gets a number of its own and only
 * as many as the limit allows get one within it. Every statement locks its rows in the order of their keys: two of them
 * never wait for each other.
 */
const HIT = forEachCount(
  (keys) => `
  INSERT INTO auth_attempt AS a (key, attempts, ends_at)
  SELECT hit.key, 1, now() + make_interval(secs => hit.seconds)
  FROM (VALUES ${keys.map((n) => `($${n}, $${n + keys.length}::float8)`).join()}) AS hit (key, seconds)
  ORDER BY hit.key COLLATE "C"
  ON CONFLICT (key) DO UPDATE SET
    attempts = CASE WHEN a.ends_at <= now() THEN 1 ELSE LEAST(a.attempts + 1, ${MOST_ATTEMPTS}) END,
    ends_at = CASE WHEN a.ends_at <= now() THEN excluded.ends_at ELSE a.ends_at END
  RETURNING ${STATE}`,
);

/*
 * The lock makes a right password wait for the wrong ones that are being counted. A plain read would overtake them, and
 * so tell the right one of many parallel guesses, which the limit forbids.
 */
const PEEK = forEachCount(
  (keys) => `
  SELECT ${STATE} FROM auth_attempt a
  WHERE a.key IN (${keys.map((n) => `$${n}`).join()}) AND a.ends_at > now()
  ORDER BY a.key FOR NO KEY UPDATE`,
);

/* Several nodes may flush at once: each takes rows that no other one holds. */
const FLUSH = `
  WITH gone AS (
    DELETE FROM auth_attempt WHERE key = ANY (ARRAY (
      SELECT key FROM auth_attempt WHERE ends_at <= now() LIMIT $1 FOR UPDATE SKIP LOCKED))
    RETURNING 1)
  SELECT count(*)::integer AS rows FROM gone`;
const FLUSH_BATCH = 5000;

interface CounterRow {
  readonly key: string;
  readonly attempts: number;
  readonly seconds: number;
}

/** Counters in the table `auth_attempt`; one statement for each use, and the database's clock. */
@Injectable()
export class PostgresCounters extends Counters {
  constructor(private readonly database: DataSource) {
    super();
  }

  override async hit(limited: readonly Limited[]): Promise<number> {
    if (limited.length === 0) return 0;
    const windows = limited.map(({ limit }) => limit.window);
    const states = await this.states(HIT(limited.length), [...keysOf(limited), ...windows]);
    return longestWait(limited, states, 1);
  }

  override async peek(limited: readonly Limited[]): Promise<number> {
    if (limited.length === 0) return 0;
    return longestWait(limited, await this.states(PEEK(limited.length), keysOf(limited)), 0);
  }

  /** Deletes counters that have ended. @returns how many */
  async flush(): Promise<number> {
    for (let total = 0; ;) {
      const [batch] = await this.database.query<{ rows: number }[]>(FLUSH, [FLUSH_BATCH]);
      total += batch?.rows ?? 0;
      if ((batch?.rows ?? 0) < FLUSH_BATCH) return total;
    }
  }

  private async states(
    statement: Prepared,
    parameters: unknown[],
  ): Promise<Map<string, CounterRow>> {
    const rows = await runPrepared<CounterRow>(this.database, statement, parameters);
    return new Map(rows.map((row) => [row.key, row]));
  }
}

function keysOf(limited: readonly Limited[]): string[] {
  return limited.map(({ key }) => key);
}
