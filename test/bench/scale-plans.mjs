import { isLive, sessionId, USER_AGENT, userOf } from './scale-fill.mjs';
import { rotationOf } from './scale-refresh.mjs';

/** Tables below this number of rows may be read from end to end. */
const FEW_ROWS = 1000;
const IP = '10.1.2.3';

/** Parameters as `session-repository.ts` gives them, for a live session. */
function parametersOf(n, passwordHash) {
  const sid = sessionId(n);
  const user = String(userOf(n));
  return {
    issue: [sessionId(0), false, 86_400, 7_776_000, IP, USER_AGENT, user, passwordHash],
    rotate: rotationOf(n, 9),
    find: [[sid]],
    lock: [sid],
    advance: [sid, 10, 9, [1, 2, 3], 86_400, IP, USER_AGENT],
    end: [sid, 'ended'],
    adopt: [
      sessionId(0),
      user,
      2_000_000_000,
      7_776_000,
      IP,
      USER_AGENT,
      null,
      'an-id',
      1_900_000_000,
    ],
    revoke: [sid],
    findFacts: [[sid]],
    touch: [sid, IP, USER_AGENT],
    flush: [sid, 300],
    list: [user],
    endOne: [sid, user, 'ended'],
    endOthers: [user, sid, 'ended'],
  };
}

/** Asks for the plans of all statements of the ledger. @returns `{ statement, scans }`, scans of large tables */
export async function checkPlans(client, statements, { passwordHash }) {
  const n = [1, 2, 3, 4].find(isLive);
  const parameters = parametersOf(n, passwordHash);
  const large = await largeTables(client);
  const plans = [];
  for (const [name, sql] of Object.entries(statements)) {
    if (!parameters[name])
      throw new Error(`the bench knows no parameters for the statement ${name}`);
    const { rows } = await client.query(`EXPLAIN (FORMAT JSON) ${sql}`, parameters[name]);
    const scans = sequentialScans(rows[0]['QUERY PLAN'][0].Plan).filter((table) =>
      large.has(table),
    );
    plans.push({ statement: name, scans });
  }
  return plans;
}

async function largeTables(client) {
  const { rows } = await client.query(
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples >= $1",
    [FEW_ROWS],
  );
  return new Set(rows.map(({ relname }) => relname));
}

function sequentialScans(node) {
  const own = node['Node Type'] === 'Seq Scan' ? [node['Relation Name']] : [];
  return [...own, ...(node.Plans ?? []).flatMap(sequentialScans)];
}

/** How often large tables have been read from end to end: what requests really did, every statement included. */
export async function sequentialReads(client) {
  const large = [...(await largeTables(client))];
  const { rows } = await client.query(
    'SELECT coalesce(sum(seq_scan), 0)::float8 AS reads FROM pg_stat_user_tables WHERE relname = ANY ($1)',
    [large],
  );
  return rows[0].reads;
}
