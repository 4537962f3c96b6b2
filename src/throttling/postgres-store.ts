import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { epoch } from '../database/epoch.js';
import { prepared, runPrepared, type Prepared } from '../database/prepared.js';
import { deleteExpired } from './delete-expired.js';
import type { RateLimitKey } from './rate-limit-key.js';
import { RateLimitStore, longestWait, type RateLimitState } from './rate-limit-store.js';

/** Far beyond every limit, far from the end of the type. */
const MOST_ATTEMPTS = 1_000_000_000;

const STATE = `a.key, a.attempts, ${epoch('a.ends_at - now()')} AS seconds`;

/**
 * A statement for each number of keys. Postgres plans an array of parameters again for each execution, since its length
 * tells the cost, and a list once.
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
const CONSUME = forEachCount(
  (keys) => `
  INSERT INTO auth_attempt AS a (key, attempts, ends_at)
  SELECT attempt.key, 1, now() + make_interval(secs => attempt.seconds)
  FROM (VALUES ${keys.map((n) => `($${n}, $${n + keys.length}::float8)`).join()}) AS attempt (key, seconds)
  ORDER BY attempt.key COLLATE "C"
  ON CONFLICT (key) DO UPDATE SET
    attempts = CASE WHEN a.ends_at <= now() THEN 1 ELSE LEAST(a.attempts + 1, ${MOST_ATTEMPTS}) END,
    ends_at = CASE WHEN a.ends_at <= now() THEN excluded.ends_at ELSE a.ends_at END
  RETURNING ${STATE}`,
);

/*
 * The lock makes a right password wait for the wrong ones that are being counted. A plain read would overtake them, and
 * so tell the right one of many parallel guesses, which the limit forbids.
 */
const GET = forEachCount(
  (keys) => `
  SELECT ${STATE} FROM auth_attempt a
  WHERE a.key IN (${keys.map((n) => `$${n}`).join()}) AND a.ends_at > now()
  ORDER BY a.key FOR NO KEY UPDATE`,
);

interface CounterRow extends RateLimitState {
  readonly key: string;
}

/** Counters in the table `auth_attempt`; one statement for each use, and the database's clock. */
@Injectable()
export class PostgresStore extends RateLimitStore {
  constructor(private readonly database: DataSource) {
    super();
  }

  override async consume(keys: readonly RateLimitKey[]): Promise<number> {
    if (keys.length === 0) return 0;
    const windows = keys.map(({ limit }) => limit.window);
    const states = await this.states(CONSUME(keys.length), [...namesOf(keys), ...windows]);
    return longestWait(keys, states, 1);
  }

  override async get(keys: readonly RateLimitKey[]): Promise<number> {
    if (keys.length === 0) return 0;
    return longestWait(keys, await this.states(GET(keys.length), namesOf(keys)), 0);
  }

  /** Deletes counters that have ended. @returns how many */
  flush(): Promise<number> {
    return deleteExpired(this.database, 'auth_attempt', 'ends_at <= now()');
  }

  private async states(
    statement: Prepared,
    parameters: unknown[],
  ): Promise<Map<string, CounterRow>> {
    const rows = await runPrepared<CounterRow>(this.database, statement, parameters);
    return new Map(rows.map((row) => [row.key, row]));
  }
}

function namesOf(keys: readonly RateLimitKey[]): string[] {
  return keys.map(({ key }) => key);
}
