import { createHash } from 'node:crypto';

/** Users of every database, whatever the number of sessions. */
export const USER_COUNT = 100_000;
/** Password of all users. */
export const PASSWORD = 'the-password-of-the-bench';
/** Generation of the sessions that `fillSessions` makes. */
export const GENERATION = 9;
/** A browser's, 112 bytes. */
export const USER_AGENT =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.6.0 Safari/537.36 x';

/** Id of the n-th session, as the SQL below makes it: random to the index, known to us. */
export const sessionId = (n) => createHash('md5').update(`session ${n}`).digest('hex');
/** Primary key of the n-th session's user. */
export const userOf = (n) => ((n - 1) % USER_COUNT) + 1;
/** One session in twenty was ended, one in fifty has expired. */
export const isEnded = (n) => n % 20 === 0;
const isExpired = (n) => n % 50 === 7;
/** Whether the n-th session can be refreshed. */
export const isLive = (n) => !isEnded(n) && !isExpired(n);

/** Users, and what Django's blacklist may hold, so that its tables are not empty either. */
export async function fillUsers(client, passwordHash) {
  await client.query(
    `INSERT INTO auth_user (id, password, is_superuser, username, first_name, last_name, email, is_staff,
       is_active, date_joined)
     SELECT i, $1, false, 'user' || i, '', '', 'user' || i || '@example.com', false, true, now()
     FROM generate_series(1, ${USER_COUNT}) i`,
    [passwordHash],
  );
  await client.query(`
    INSERT INTO token_blacklist_outstandingtoken (token, created_at, expires_at, user_id, jti)
    SELECT '', now(), now() + interval '1 day', i, md5('token ' || i) FROM generate_series(1, 20000) i;
    INSERT INTO token_blacklist_blacklistedtoken (blacklisted_at, token_id)
    SELECT now(), id FROM token_blacklist_outstandingtoken WHERE id % 2 = 0;
    ANALYZE`);
}

/**
 * Sessions in the middle of their life: each has been refreshed at least eight times, so that its row is as long as it
 * gets. With `isNew` they are as a log-in leaves them.
 */
export async function fillSessions(client, count, { isNew = false } = {}) {
  const rotations = `ARRAY(SELECT extract(epoch FROM now())::float8 - k * 300.123456 FROM generate_series(1, 8) k)`;
  await client.query(
    `INSERT INTO auth_session (id, user_id, generation, parent_generation, is_sliding, created_at, last_used_at,
       rotated_at, expires_at, ends_at, revoked_at, revoke_reason, created_ip, last_ip, user_agent, superseded_at)
     SELECT md5('session ' || i)::uuid, ((i - 1) % ${USER_COUNT} + 1)::text,
       ${isNew ? '0, NULL' : `${GENERATION}, ${GENERATION - 1}`}, false,
       now() - interval '1 day' - random() * interval '20 days', now() - interval '300 s',
       now() - interval '300 s',
       date_trunc('second', now()) + CASE WHEN i % 50 = 7 THEN -interval '9 days' ELSE interval '1 day' END,
       now() + interval '60 days',
       CASE WHEN i % 20 = 0 THEN now() END, CASE WHEN i % 20 = 0 THEN 'logged_out' END,
       '10.0.0.0'::inet + i, '10.0.0.0'::inet + i, $2, ${isNew ? `'{}'` : 'r.times'}
     FROM generate_series(1, $1::integer) i, (SELECT ${rotations} AS times) r`,
    [count, USER_AGENT],
  );
  await client.query('VACUUM ANALYZE auth_session');
}

/** Bytes per session, in all and in its parts. */
export async function sessionBytes(client) {
  const { rows } = await client.query(`
    SELECT (SELECT count(*) FROM auth_session)::int AS sessions,
      pg_total_relation_size('auth_session')::float8 AS total, pg_relation_size('auth_session')::float8 AS rows,
      pg_relation_size('auth_session_pkey')::float8 AS pkey,
      pg_relation_size('auth_session_user_id')::float8 AS user_id`);
  const [{ sessions, ...sizes }] = rows;
  return Object.fromEntries(Object.entries(sizes).map(([name, size]) => [name, size / sessions]));
}

/** Rows of all tables together. */
export async function countRows(client) {
  const { rows } = await client.query(`
    SELECT sum((xpath('/row/n/text()',
      query_to_xml(format('SELECT count(*) AS n FROM %I.%I', schemaname, relname), false, true, '')))[1]::text::bigint)
      ::float8 AS total
    FROM pg_stat_user_tables`);
  return rows[0].total;
}
