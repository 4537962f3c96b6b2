import type { DataSource } from 'typeorm';
import { againIfUndone } from '../database/again-if-undone.js';

/** The row of the cutoffs that stands for everybody: no user has this key. See `adopt` in `session-sql.ts`. */
export const EVERYBODY = '';

const FIRST_ID = '00000000-0000-0000-0000-000000000000';

const CUT_OFF = `
  INSERT INTO auth_adoption_cutoff AS c (user_id, issued_until) VALUES ('${EVERYBODY}', clock_timestamp())
  ON CONFLICT (user_id) DO UPDATE SET issued_until = GREATEST(c.issued_until, excluded.issued_until)`;

/*
 * One step along the primary key. The change feed hears of each step once, that everything has changed: the trigger counts
 * what its transaction has told (`auth_record_change`).
 */
const END_STEP = `
  WITH step AS (SELECT id FROM auth_session WHERE id > $1 ORDER BY id LIMIT 1000),
  ended AS (
    UPDATE auth_session s SET revoked_at = now(), revoke_reason = 'ended'
    FROM step
    WHERE s.id = step.id AND s.revoked_at IS NULL AND s.created_at <= $2::timestamptz
      AND (SELECT set_config('nest_simplejwt.changes', '2000', true)) IS NOT NULL
    RETURNING s.id)
  SELECT (SELECT id FROM step ORDER BY id DESC LIMIT 1) AS last, (SELECT count(*)::int FROM ended) AS ended`;

interface EndStep {
  readonly last: string | null;
  readonly ended: number;
}

/**
 * Ends every session that was there at the beginning, in steps; tokens of another issuer from before are adopted no more.
 *
 * @returns how many it has ended
 */
export async function endAllSessions(database: DataSource): Promise<number> {
  await database.query(CUT_OFF);
  // Behind the cutoff: nothing that is adopted meanwhile is later than both.
  const [beginning] = await database.query<{ at: string }[]>(
    'SELECT clock_timestamp()::text AS at',
  );
  let ended = 0;
  for (let after: string | null = FIRST_ID; after !== null;) {
    const from: string = after;
    const [step] = await againIfUndone(() =>
      database.query<EndStep[]>(END_STEP, [from, beginning?.at]),
    );
    ended += step?.ended ?? 0;
    after = step?.last ?? null;
  }
  return ended;
}
