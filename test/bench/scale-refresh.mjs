import { randomUUID } from 'node:crypto';
import { GENERATION, isLive, sessionId, USER_AGENT, userOf } from './scale-fill.mjs';

/** Connections that refresh at once. */
const PARALLEL = 4;
const FLUSH_STEPS = 30;

/** Parameters of the statement that rotates, as `session-repository.ts` gives them: for a batch of one. */
export function rotationOf(n, generation) {
  const presented = {
    n: 0,
    id: sessionId(n),
    generation,
    token_id: String(userOf(n)),
    password_digest: null,
    ip: '10.1.2.3',
    user_agent: USER_AGENT,
  };
  return [JSON.stringify([presented]), 86_400, false];
}

/**
 * Refreshes random sessions with the ledger's own statement and says what that did to the table: share of in-page (HOT)
 * updates, and bytes of log per refresh.
 *
 * @param generation - where all sessions stand before
 */
export async function refreshBySql({
  connect,
  statement,
  sessions,
  count,
  generation = GENERATION,
}) {
  const generations = new Int32Array(sessions + 1).fill(generation);
  const busy = new Set();
  const observer = await connect();
  const before = await tableState(observer);
  let left = count;
  const work = async () => {
    const client = await connect();
    // What is measured is written bytes, not the disk's patience.
    await client.query('SET synchronous_commit = off');
    while (left > 0) {
      const n = 1 + Math.floor(Math.random() * sessions);
      if (!isLive(n) || busy.has(n)) continue;
      left -= 1;
      busy.add(n);
      const values = rotationOf(n, generations[n]);
      const { rowCount } = await client.query({ name: 'rotate', text: statement, values });
      if (rowCount !== 1) throw new Error(`session ${n} was not refreshed`);
      generations[n] += 1;
      busy.delete(n);
    }
    await client.end();
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  const after = await settledState(observer, before.updates + count);
  await observer.end();
  return {
    hot: (after.hot - before.hot) / (after.updates - before.updates),
    walBytes: (after.wal - before.wal) / count,
  };
}

async function tableState(client) {
  const { rows } = await client.query(`
    SELECT n_tup_upd::float8 AS updates, n_tup_hot_upd::float8 AS hot,
      pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 AS wal
    FROM pg_stat_user_tables WHERE relname = 'auth_session'`);
  return rows[0];
}

/** Backends hand in their counts when they end, which is not quite when the client sees them end. */
async function settledState(client, updates) {
  for (;;) {
    await client.query('SELECT pg_stat_clear_snapshot()');
    const state = await tableState(client);
    if (state.updates >= updates) return state;
    await client.query('SELECT pg_sleep(0.05)');
  }
}

/** Steps of a thousand rows from random places of the primary key, ms each. Rolled back, so that each has rows to delete. */
export async function measureFlush(client, statement) {
  const steps = [];
  for (let i = 0; i < FLUSH_STEPS; i += 1) {
    const digit = Math.floor(Math.random() * 14).toString(16);
    await client.query('BEGIN');
    const began = performance.now();
    await client.query(statement, [randomUUID().replace(/^./, digit), 300]);
    steps.push(performance.now() - began);
    await client.query('ROLLBACK');
  }
  return steps;
}
