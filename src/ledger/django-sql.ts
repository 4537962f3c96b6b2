/** Whether a token id is on the blacklist: a row, or none. Both ledgers ask it (contract §6, step 7). */
export const IS_BLACKLISTED = `
  SELECT 1 FROM token_blacklist_outstandingtoken o
  JOIN token_blacklist_blacklistedtoken b ON b.token_id = o.id
  WHERE o.jti = $1`;

/** The live tokens of a user: a session is what one of them stands for here. Rotation makes a new one of it. */
const LIVE_TOKENS = `
  token_blacklist_outstandingtoken o
  LEFT JOIN token_blacklist_blacklistedtoken b ON b.token_id = o.id
  WHERE o.user_id = $1::integer AND b.id IS NULL AND o.expires_at > now()`;

/** A page of live tokens, the newest first. */
export const LIST = `
  SELECT o.id, o.jti, o.created_at, o.expires_at FROM ${LIVE_TOKENS}
    AND ($2::bigint IS NULL OR o.id < $2)
  ORDER BY o.id DESC LIMIT $3`;

/** How many live tokens there are on all pages. */
export const COUNT = `SELECT count(*)::int AS total FROM ${LIVE_TOKENS}`;

/**
 * Each use makes a new row, so that their order is that of use. Run after each log-in, when its row is committed: of
 * several log-ins at once the last one sees all rows.
 */
export const END_SURPLUS = `
  WITH surplus AS (
    SELECT o.id, o.jti FROM ${LIVE_TOKENS}
    ORDER BY o.id DESC OFFSET $2),
  ended AS (
    INSERT INTO token_blacklist_blacklistedtoken (blacklisted_at, token_id)
    SELECT now(), id FROM surplus
    ON CONFLICT (token_id) DO NOTHING
    RETURNING token_id)
  SELECT surplus.jti FROM surplus JOIN ended ON ended.token_id = surplus.id`;

/** Nothing is inserted when the user changed since the password was verified: the row itself is asked again. */
export const ISSUE = `
  INSERT INTO token_blacklist_outstandingtoken (token, created_at, expires_at, user_id, jti)
  SELECT $1, to_timestamp($2), to_timestamp($3), u.id, $4
  FROM auth_user u WHERE u.id = $5 AND u.password = $6 AND u.is_active
  FOR SHARE
  RETURNING id`;

/** Notes the token that a rotation has made. */
export const RECORD = `
  INSERT INTO token_blacklist_outstandingtoken (token, created_at, expires_at, user_id, jti)
  VALUES ($1, to_timestamp($2), to_timestamp($3), (SELECT id FROM auth_user WHERE id = $4), $5)`;

/**
 * Records the token if it is unknown and puts it on the blacklist. `ON CONFLICT … DO UPDATE` locks its row, so that of
 * several simultaneous calls exactly one gets past the unique `token_id`; the others see no row in `spent`.
 */
const SPENT = `
  WITH known AS (${RECORD}
    ON CONFLICT (jti) DO UPDATE SET jti = EXCLUDED.jti RETURNING id),
  spent AS (
    INSERT INTO token_blacklist_blacklistedtoken (blacklisted_at, token_id)
    SELECT to_timestamp($6), id FROM known
    ON CONFLICT (token_id) DO NOTHING
    RETURNING token_id)`;

/** A row, where this call has spent the token. */
export const BLACKLIST = `${SPENT} SELECT token_id FROM spent`;

/** The successor's row is written only by the call that won, in the same statement. */
export const SPEND = `${SPENT}
  INSERT INTO token_blacklist_outstandingtoken (token, created_at, expires_at, user_id, jti)
  SELECT $7, to_timestamp($8), to_timestamp($9), (SELECT id FROM auth_user WHERE id = $4), $10
  FROM spent
  RETURNING id`;

/**
 * One pass over the live tokens of a user. A row that a refresh under way is just blacklisting is waited for; its
 * successor, which this pass could not see, is live in the next one.
 */
export const END_OTHERS = `
  WITH live AS (
    SELECT o.id, o.jti FROM ${LIVE_TOKENS}
      AND o.jti IS DISTINCT FROM $2),
  ended AS (
    INSERT INTO token_blacklist_blacklistedtoken (blacklisted_at, token_id)
    SELECT now(), id FROM live
    ON CONFLICT (token_id) DO NOTHING)
  SELECT jti FROM live`;

/** Ends one token of a user. */
export const END = `
  INSERT INTO token_blacklist_blacklistedtoken (blacklisted_at, token_id)
  SELECT now(), o.id FROM token_blacklist_outstandingtoken o
  WHERE o.user_id = $1::integer AND o.expires_at > now() AND o.jti = $2
  ON CONFLICT (token_id) DO NOTHING RETURNING token_id`;

/** One step along the primary key, over everything that is not on the blacklist: a sliding token outlives its row. */
export const END_ALL = `
  WITH live AS (
    SELECT o.id FROM token_blacklist_outstandingtoken o
    LEFT JOIN token_blacklist_blacklistedtoken b ON b.token_id = o.id
    WHERE o.id > $1 AND b.id IS NULL ORDER BY o.id LIMIT 1000),
  ended AS (
    INSERT INTO token_blacklist_blacklistedtoken (blacklisted_at, token_id)
    SELECT now(), id FROM live
    ON CONFLICT (token_id) DO NOTHING RETURNING token_id)
  SELECT (SELECT max(id)::text FROM live) AS last, (SELECT count(*)::int FROM ended) AS ended`;

/** One step of the flush: walks the primary key, so that it never reads the table twice. */
export const EXPIRED = `
  SELECT id, token, extract(epoch FROM expires_at)::float8 AS expires_at
  FROM token_blacklist_outstandingtoken
  WHERE id > $1 AND expires_at <= to_timestamp($2)
  ORDER BY id LIMIT 1000`;

/** Deletes tokens with their entries on the blacklist. */
export const FORGET = `
  WITH entries AS (DELETE FROM token_blacklist_blacklistedtoken WHERE token_id = ANY($1::bigint[]))
  DELETE FROM token_blacklist_outstandingtoken WHERE id = ANY($1::bigint[])`;
