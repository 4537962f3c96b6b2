import { activeSql, keySql, staffSql, type UserTable } from '../users/user-table.js';

/** Seconds since the epoch of a column, with fraction. */
const epoch = (column: string): string => `extract(epoch FROM ${column})::float8`;

/** The state of a session as the statements return it; see `SessionRow`. */
const STATE = `
  s.id, s.user_id, s.generation, s.parent_generation, s.recovered_parent, s.superseded_at, s.user_agent,
  CASE WHEN masklen(s.last_ip) > 0 THEN host(s.last_ip) END AS last_ip, s.is_sliding, s.revoke_reason,
  ${epoch('s.last_used_at')} AS last_used_at,
  ${epoch('s.rotated_at')} AS rotated_at, ${epoch('s.expires_at')} AS expires_at,
  ${epoch('s.ends_at')} AS ends_at, ${epoch('s.revoked_at')} AS revoked_at,
  (s.ends_at IS NOT NULL AND s.ends_at <= now()) AS is_over, ${epoch('clock_timestamp()')} AS now`;

/** Whole seconds from now, but not past the session's end. */
const newExpiry = (lifetime: string, endsAt: string, now = 'now()'): string =>
  `LEAST(to_timestamp(floor(${epoch(now)}) + ${lifetime}), ${endsAt})`;

/** The row of the cutoffs that stands for everybody: no user has this key. See `adopt` below. */
const EVERYBODY = '';

/** From now on no token that another issuer has made until now is adopted. */
export const CUT_OFF = `
  INSERT INTO auth_adoption_cutoff AS c (user_id, issued_until) VALUES ('${EVERYBODY}', clock_timestamp())
  ON CONFLICT (user_id) DO UPDATE SET issued_until = GREATEST(c.issued_until, excluded.issued_until)`;

/**
 * One step along the primary key. The change feed hears of each step once, that everything has changed: the trigger counts
 * what its transaction has told (`auth_record_change`).
 */
export const END_STEP = `
  WITH step AS (SELECT id FROM auth_session WHERE id > $1 ORDER BY id LIMIT 1000),
  ended AS (
    UPDATE auth_session s SET revoked_at = now(), revoke_reason = 'ended'
    FROM step
    WHERE s.id = step.id AND s.revoked_at IS NULL AND s.created_at <= $2::timestamptz
      AND (SELECT set_config('nest_simplejwt.changes', '2000', true)) IS NOT NULL
    RETURNING s.id)
  SELECT (SELECT id FROM step ORDER BY id DESC LIMIT 1) AS last, (SELECT count(*)::int FROM ended) AS count`;

/** Every statement of the session ledger, for one user table. */
export interface SessionSql {
  readonly issue: string;
  readonly rotate: string;
  readonly find: string;
  readonly lock: string;
  readonly advance: string;
  readonly end: string;
  readonly adopt: string;
  readonly findFacts: string;
  readonly touch: string;
  readonly flush: string;
  readonly endOne: string;
  readonly endOthers: string;
}

/**
 * Builds the statements. Parameters are listed in `session-repository.ts`, where each statement has its one caller.
 */
export function sessionSql(user: UserTable): SessionSql {
  const sameUser = `u.${user.id} = s.user_id::${user.idType}`;
  const isActive = activeSql(user, 'u');
  const userColumns = `
    ${keySql(user, user.id, 'u')} AS id, u.${user.username} AS username, u.${user.password} AS password,
    ${isActive} AS is_active, ${staffSql(user, 'u')} AS is_staff, ${keySql(user, user.tokenId, 'u')} AS token_id`;
  // The user is a composite of its own: a deleted user leaves null there and the session's columns intact.
  const joinedUser = `LEFT JOIN LATERAL (SELECT row_to_json(x) AS data FROM (
      SELECT ${userColumns} FROM ${user.name} u WHERE ${sameUser}) x) u ON true`;
  return {
    /*
     * FOR SHARE waits for a password change that is under way and reads the row that it leaves: then the verified hash
     * is not there any more and nothing is inserted. So no log-in that raced a change survives it.
     */
    issue: `
      INSERT INTO auth_session AS s (id, user_id, generation, parent_generation, is_sliding, created_at,
        last_used_at, rotated_at, expires_at, ends_at, created_ip, last_ip, user_agent, created_client,
        superseded_at)
      SELECT $1, u.${user.id}::text, 0, NULL, $2::boolean, now(), now(), now(),
        ${newExpiry('$3::float8', 'now() + make_interval(secs => $4::float8)')},
        now() + make_interval(secs => $4::float8), $5::inet, $5::inet, $6, $9, '{}'
      FROM ${user.name} u
      WHERE u.${user.id} = $7::${user.idType} AND u.${user.password} = $8 AND ${isActive}
      FOR SHARE OF u
      RETURNING ${STATE}`,
    /*
     * The common case, for several sessions in one round trip. A row that another transaction has locked is passed over, so
     * that no request waits for the session of another one and two batches cannot wait for each other; like a row that has
     * another generation by now, it is judged by what `lock` shows.
     */
    rotate: `
      WITH presented AS (
        SELECT * FROM json_to_recordset($1::json) AS p(
          n int, id uuid, generation int, token_id text, password_digest text, ip inet, user_agent text)),
      locked AS (
        SELECT s.id FROM auth_session s WHERE s.id IN (SELECT id FROM presented)
        FOR NO KEY UPDATE SKIP LOCKED)
      UPDATE auth_session s SET generation = s.generation + 1, parent_generation = s.generation,
        superseded_at = (ARRAY[${epoch('now()')}] || s.superseded_at)[1:8],
        rotated_at = now(), last_used_at = now(), expires_at = ${newExpiry('$2::float8', 's.ends_at')},
        last_ip = p.ip, user_agent = p.user_agent
      FROM presented p, locked, ${user.name} u
      WHERE s.id = locked.id AND s.id = p.id AND s.generation = p.generation
        AND s.revoked_at IS NULL AND NOT s.is_sliding
        AND (s.ends_at IS NULL OR s.ends_at > now())
        AND ${sameUser} AND u.${user.tokenId}::text = p.token_id
        AND (${isActive} OR $3::boolean)
        AND (p.password_digest IS NULL OR upper(md5(u.${user.password})) = p.password_digest)
      RETURNING p.n, s.generation, ${epoch('s.rotated_at')} AS rotated_at,
        ${epoch('s.expires_at')} AS expires_at`,
    find: `
      SELECT ${STATE}, u.data AS "user" FROM auth_session s ${joinedUser} WHERE s.id = ANY($1::uuid[])`,
    /* The lock keeps every other refresh of this session away until the verdict is written. */
    lock: `
      SELECT ${STATE}, u.data AS "user" FROM auth_session s ${joinedUser} WHERE s.id = $1
      FOR UPDATE OF s`,
    /* Not now(): that is when the transaction began, and it may have waited for the lock since. */
    advance: `
      UPDATE auth_session s SET generation = $2, parent_generation = $3, superseded_at = $4::float8[],
        rotated_at = clock_timestamp(), last_used_at = clock_timestamp(),
        expires_at = ${newExpiry('$5::float8', 's.ends_at', 'clock_timestamp()')},
        last_ip = $6::inet, user_agent = $7, recovered_parent = $8
      WHERE s.id = $1
      RETURNING ${STATE}`,
    /* The row lock lets exactly one of several calls end a session. */
    end: `
      UPDATE auth_session SET revoked_at = now(), revoke_reason = $2
      WHERE id = $1 AND revoked_at IS NULL
      RETURNING id`,
    /*
     * Idempotent: of two nodes that adopt one token at once, the second finds the first one's row. What was issued before
     * the user's password changed, or all sessions were ended, is not adopted any more.
     */
    adopt: `
      INSERT INTO auth_session (id, user_id, generation, parent_generation, is_sliding, created_at,
        last_used_at, rotated_at, expires_at, ends_at, created_ip, last_ip, user_agent, created_client,
        superseded_at, revoked_at, revoke_reason, adopted_until)
      SELECT $1, $2, 0, NULL, false, now(), now(), now(), to_timestamp($3),
        now() + make_interval(secs => $4::float8), $5::inet, $5::inet, $6, $10, '{}',
        CASE WHEN $7::text IS NULL THEN NULL ELSE now() END, $7, to_timestamp($3)
      WHERE NOT EXISTS (
        SELECT FROM token_blacklist_outstandingtoken o
        JOIN token_blacklist_blacklistedtoken b ON b.token_id = o.id WHERE o.jti = $8)
      AND NOT EXISTS (
        SELECT FROM auth_adoption_cutoff c
        WHERE c.user_id IN ($2, '${EVERYBODY}') AND coalesce(to_timestamp($9::float8) <= c.issued_until, true))
      ON CONFLICT (id) DO NOTHING
      RETURNING id`,
    /* What the guard asks on a miss: session and user in one read. */
    findFacts: `
      SELECT s.id, ${epoch('s.ends_at')} AS ends_at, u.data AS "user"
      FROM auth_session s ${joinedUser}
      WHERE s.id = ANY($1::uuid[]) AND s.revoked_at IS NULL AND (s.ends_at IS NULL OR s.ends_at > now())`,
    touch: `
      UPDATE auth_session SET last_used_at = now(), last_ip = $2::inet, user_agent = $3
      WHERE id = $1 AND revoked_at IS NULL
      RETURNING id`,
    /*
     * One step along the primary key; what has just ended stays until its last token has, another issuer's included:
     * else that one would be adopted anew.
     */
    flush: `
      WITH step AS (SELECT id, expires_at FROM auth_session WHERE id > $1 ORDER BY id LIMIT 1000),
      gone AS (
        DELETE FROM auth_session s USING step
        WHERE s.id = step.id
          -- Nothing that could still be used: no news for the change feed.
          AND (SELECT set_config('nest_simplejwt.changes', '2001', true)) IS NOT NULL
          AND GREATEST(s.expires_at, s.adopted_until) < now() - make_interval(secs => $2::float8)
        RETURNING s.id)
      SELECT (SELECT id FROM step ORDER BY id DESC LIMIT 1) AS last, (SELECT count(*)::int FROM gone) AS count`,
    /* Also when its refresh token has expired: an access token of it may be good for a while yet. */
    endOne: `
      UPDATE auth_session SET revoked_at = now(), revoke_reason = $3
      WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL
      RETURNING id`,
    endOthers: `
      WITH cutoff AS (
        INSERT INTO auth_adoption_cutoff AS c (user_id, issued_until) VALUES ($1, clock_timestamp())
        ON CONFLICT (user_id) DO UPDATE
        SET issued_until = GREATEST(c.issued_until, excluded.issued_until))
      UPDATE auth_session SET revoked_at = now(), revoke_reason = $3
      WHERE user_id = $1 AND id IS DISTINCT FROM $2::uuid AND revoked_at IS NULL
      RETURNING id`,
  };
}
