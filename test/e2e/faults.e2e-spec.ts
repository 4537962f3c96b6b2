import { Client } from 'pg';
import { TestClient, type Answer, type Pair } from '../support/client.js';
import { query } from '../support/databases.js';
import { startFragilePostgres, type FragilePostgres } from '../support/fragile-postgres.js';
import { spawnServer, type SpawnedServer } from '../support/process.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { SIGNING_KEY, claimsOf } from '../support/tokens.js';

jest.setTimeout(60_000);

/** What every request is answered within, ms (security promise 5). */
const PATIENCE = 5000;
/** How long a server may need to work again once the database does, ms. */
const RECOVERY = 2500;
const POOL_SIZE = 10;
/** The server's connections on which a statement waits for a lock. */
const WAITING = `SELECT FROM pg_stat_activity
  WHERE application_name = 'nest-simplejwt' AND wait_event_type = 'Lock'`;

/** One log-in for each question, so that no answer changes another one. */
type Sessions = Readonly<
  Record<'refreshed' | 'verified' | 'loggedOut' | 'known' | 'unknown' | 'listed', Pair>
>;

interface Asked {
  readonly question: string;
  readonly answer: Answer;
  /** ms */
  readonly took: number;
}

let postgres: FragilePostgres;
let network: TcpProxy;
let server: SpawnedServer;
let client: TestClient;
let login: { username: string; password: string };
let sessions: Sessions;
let nobodies = 0;

const logIn = (): Promise<Pair> => client.login(login.username, login.password);

/** Every kind of request there is. */
const questions: Readonly<Record<string, (of: Sessions) => Promise<Answer>>> = {
  'log-in': () => client.obtain(login.username, login.password),
  // Another name each time: nobody may try one for long.
  'log-in with a wrong password': () => client.obtain(`nobody ${(nobodies += 1)}`, 'wrong'),
  refresh: ({ refreshed }) => client.refresh(refreshed.refresh),
  verify: ({ verified }) => client.verify(verified.refresh),
  'log-out': ({ loggedOut }) => client.blacklist(loggedOut.refresh),
  'guard, token known': ({ known }) => client.me(known.access),
  'guard, token unknown': ({ unknown }) => client.me(unknown.access),
  sessions: ({ listed }) => client.get('/sessions', { authorization: `Bearer ${listed.access}` }),
  ready: () => client.get('/health/ready'),
  live: () => client.get('/health/live'),
};
const EVERYTHING_BUT_LIVE = Object.keys(questions).filter((question) => question !== 'live');

async function ask(question: string): Promise<Asked> {
  const start = performance.now();
  const answer = await questions[question]!(sessions);
  return { question, answer, took: performance.now() - start };
}

/** Asks everything several times at once. */
function askEverything(times = 3): Promise<Asked[]> {
  const all = Array.from({ length: times }, () => Object.keys(questions)).flat();
  return Promise.all(all.map(ask));
}

/** Which questions got something else than their answer; fails where that is not a proper 503. */
function unanswered(asked: readonly Asked[]): string[] {
  const refused = new Set<string>();
  for (const { question, answer, took } of asked) {
    expect({ question, status: answer.status, inTime: took < PATIENCE }).toEqual({
      question,
      status: isAnswered(question, answer.status) ? answer.status : 503,
      inTime: true,
    });
    if (isAnswered(question, answer.status)) continue;
    refused.add(question);
    expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    expect(answer.text).not.toMatch(/ECONN|postgres|127\.0\.0\.1|timeout|SELECT|UPDATE|\bat\b/i);
  }
  return [...refused].toSorted();
}

/** A log-out whose answer was lost may have been done. */
function isAnswered(question: string, status: number): boolean {
  if (question === 'log-in with a wrong password') return status === 401;
  return status === 200 || (question === 'log-out' && status === 401);
}

/** Waits until the server answers everything again, and looks at each answer on the way. */
async function recover(): Promise<void> {
  const start = performance.now();
  let refused: string[];
  do {
    refused = unanswered(await askEverything(1));
    expect({ refused, after: performance.now() - start < RECOVERY }).toMatchObject({ after: true });
  } while (refused.length > 0);
}

/** Facts in memory count for a moment longer (design §4); then the database would have to be asked. */
async function untilNothingIsKnown(): Promise<void> {
  while (unanswered([await ask('guard, token known')]).length === 0);
}

/** Until the server hears of changes again: only then it remembers what it has asked. */
async function untilChangesAreHeard(): Promise<void> {
  const said = (word: string): number => server.output().split(`ChangeFeed] ${word}`).length;
  while (said('away') > said('back')) await ask('live');
}

/** Holds something in the database while the work is done. */
async function whileHeld(sql: string, work: () => Promise<void>): Promise<void> {
  const release = await postgres.hold(sql);
  try {
    await work();
  } finally {
    await release();
  }
}

beforeAll(async () => {
  postgres = await startFragilePostgres();
  network = await startTcpProxy(postgres.url);
  server = await spawnServer({
    DATABASE_URL: network.through(postgres.url),
    DATABASE_POOL_SIZE: String(POOL_SIZE),
    SIMPLE_JWT_SIGNING_KEY: SIGNING_KEY,
    NO_COLOR: '1',
    SIMPLE_JWT_LOGIN_LIMIT_ADDRESS: '1000/15m',
  });
  client = new TestClient(server.url);
  const [, username = '', password = ''] = /(\S+) \/ (\S+)$/m.exec(server.output()) ?? [];
  login = { username, password };
});

afterAll(async () => {
  await server?.stop();
  await network?.stop();
  await postgres?.remove();
});

describe('while the database', () => {
  beforeEach(async () => {
    sessions = {
      refreshed: await logIn(),
      verified: await logIn(),
      loggedOut: await logIn(),
      known: await logIn(),
      unknown: await logIn(),
      listed: await logIn(),
    };
    await untilChangesAreHeard();
    expect((await ask('guard, token known')).answer.status).toBe(200);
  });

  afterEach(async () => {
    // A test that failed half-way must not fail the others.
    postgres.thaw();
    network.let('both');
    // Nobody was logged out, and the one process has lived through it all.
    const { refresh } = (await client.refresh(sessions.refreshed.refresh)).body;
    expect((await client.refresh(refresh)).status).toBe(200);
    expect((await client.me(sessions.known.access)).status).toBe(200);
    expect(server.child.exitCode).toBeNull();
    const forgotten = `SELECT FROM pg_stat_activity
      WHERE application_name = 'nest-simplejwt' AND state LIKE 'idle in transaction%'`;
    await expect(query(postgres.url, forgotten)).resolves.toEqual([]);
  });

  it('is stopped, every request is answered 503 in time, and all is well once it runs again', async () => {
    await postgres.stop();
    await untilNothingIsKnown();
    expect(unanswered(await askEverything())).toEqual(EVERYTHING_BUT_LIVE.toSorted());
    await postgres.start();
    await recover();
  });

  it('is frozen, every request is answered 503 in time, and all is well once it goes on', async () => {
    await postgres.freeze();
    await untilNothingIsKnown();
    // Log-ins of one user wait for each other, far longer than anybody should.
    const crowd = Promise.all(Array.from({ length: 30 }, () => ask('log-in')));
    expect(unanswered(await askEverything())).toEqual(EVERYTHING_BUT_LIVE.toSorted());
    expect(unanswered(await crowd)).toEqual(['log-in']);
    postgres.thaw();
    await recover();
  });

  it('is behind a network that loses packets, the same, also where the old connections stay dead', async () => {
    network.let('nothing');
    await untilNothingIsKnown();
    const first = await askEverything();
    const second = await askEverything();
    for (const asked of [first, second]) {
      expect(unanswered(asked)).toEqual(EVERYTHING_BUT_LIVE.toSorted());
    }
    network.let('both');
    await recover();
  });

  it.each(['auth_session', 'auth_user'])(
    'has %s locked, whatever needs it is answered 503 in time, and the rest is served',
    async (table) => {
      await whileHeld(`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`, async () => {
        const refused = unanswered(await askEverything());
        expect(refused).toEqual(
          expect.arrayContaining(['log-in', 'refresh', 'guard, token unknown']),
        );
        expect(refused).not.toContain('guard, token known');
      });
      await recover();
    },
  );

  it('is migrated in an order that makes a deadlock of it, every request gets its answer', async () => {
    const migration = new Client({ connectionString: postgres.url });
    await migration.connect();
    let isMigrated = false;
    while (!isMigrated) {
      await migration.query('BEGIN; LOCK TABLE auth_user IN ACCESS EXCLUSIVE MODE');
      const asked = Promise.all(['refresh', 'verify', 'guard, token unknown'].map(ask));
      // Each of them has the sessions and waits for the users.
      const waiting = `${WAITING} AND pid IN (SELECT pid FROM pg_locks
        WHERE relation = 'auth_session'::regclass AND granted)`;
      const end = performance.now() + PATIENCE;
      while ((await query(postgres.url, waiting)).length < 3 && performance.now() < end);
      // Who has waited for a second looks for a deadlock; on a busy machine that may be the migration.
      isMigrated = await migration.query('LOCK TABLE auth_session IN ACCESS EXCLUSIVE MODE').then(
        () => true,
        () => false,
      );
      await migration.query('COMMIT');
      expect(unanswered(await asked)).toEqual([]);
    }
    await migration.end();
  });

  it('keeps every connection busy, the others are answered 503, and guarded requests are served', async () => {
    const { sid } = claimsOf(sessions.refreshed.refresh);
    const row = `SELECT FROM auth_session WHERE id = '${String(sid)}' FOR UPDATE`;
    await whileHeld(row, async () => {
      const slow = Array.from({ length: 2 * POOL_SIZE }, () => ask('refresh'));
      while ((await query(postgres.url, WAITING)).length < POOL_SIZE);
      expect(unanswered(await askEverything())).toEqual(
        EVERYTHING_BUT_LIVE.filter((question) => question !== 'guard, token known').toSorted(),
      );
      expect(unanswered(await Promise.all(slow))).toEqual(['refresh']);
    });
    await recover();
  });

  it('ends every connection, idle, in a statement or in a transaction, the next requests are served', async () => {
    const spent = sessions.known.refresh;
    expect((await client.refresh(spent)).status).toBe(200);
    const sids = [spent, sessions.refreshed.refresh].map(
      (token) => `'${String(claimsOf(token)['sid'])}'`,
    );
    const rows = `SELECT FROM auth_session WHERE id IN (${sids.join()}) FOR UPDATE`;
    const release = await postgres.hold(rows);
    // A refresh that another one is in the way of is judged in a transaction; a log-out is one statement.
    const working = [ask('refresh'), client.blacklist(spent)] as const;
    while ((await query(postgres.url, WAITING)).length < working.length);
    await postgres.terminateConnections();
    expect(unanswered([await working[0]])).toEqual(['refresh']);
    expect((await working[1]).status).toBe(503);
    await release();
    await recover();
    expect((await client.refresh(spent)).status).toBe(200);
  });
});

describe('a refresh whose answer was lost between database and server', () => {
  it('is answered 503, and its retries all get the successor that was made', async () => {
    const first = await logIn();
    network.let('requests');
    const lost = network.lostAnswer();
    const answer = client.refresh(first.refresh);
    await lost;
    expect((await answer).status).toBe(503);
    network.let('both');
    const retries = [await client.refresh(first.refresh), await client.refresh(first.refresh)];
    expect(retries.map(({ status }) => status)).toEqual([200, 200]);
    expect(claimsOf(retries[0]!.body.refresh)['gen']).toBe(1);
    expect(retries[1]!.body.refresh).toBe(retries[0]!.body.refresh);
    expect((await client.refresh(retries[0]!.body.refresh)).status).toBe(200);
  });
});
