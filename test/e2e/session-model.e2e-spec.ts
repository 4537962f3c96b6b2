import * as fc from 'fast-check';
import { Client } from 'pg';
import {
  judgeRefresh,
  type RefreshClient,
  type RefreshVerdict,
  type SessionState,
} from '../../src/ledger/domain/verdict.js';
import { networkOf } from '../../src/ledger/domain/network.js';
import { CHAOS, type Conditions, type Scenario, type Thief } from '../model/conditions.js';
import { simulate } from '../model/rotation-model.js';
import {
  SECURE,
  verdictRule,
  type Answer,
  type RefreshRequest,
  type RotationRule,
} from '../model/rules.js';
import type { Answer as HttpAnswer, Pair } from '../support/client.js';
import { KeepAliveClient } from '../support/keep-alive-client.js';
import { soon } from '../support/soon.js';
import { claimsOf } from '../support/tokens.js';
import { startTwoServers, type TwoServers } from '../support/two-servers.js';

jest.setTimeout(120_000);

const INTERLEAVINGS = 200;
/** Seconds by which an age must miss the grace period, so that a slow machine cannot tip a verdict. */
const MARGIN = 0.5;

/** What the simulation did to its session, in order. */
type Step = Refresh | { readonly what: 'remember' | 'lose'; readonly point: number };

interface Refresh extends RefreshRequest {
  readonly what: 'refresh';
  readonly answer: Answer;
}

/** The columns that a lost commit takes back. */
interface Row {
  readonly generation: number;
  readonly parent_generation: number | null;
  readonly recovered_parent: number | null;
  readonly superseded_at: number[];
  readonly revoked_at: string | null;
  readonly user_agent: string | null;
  readonly last_ip: string | null;
  readonly rotated_at: string;
  readonly expires_at: string;
  readonly now: number;
}

const COLUMNS = `generation, parent_generation, recovered_parent, superseded_at, revoked_at, user_agent, last_ip,
  rotated_at, expires_at`;
const READ = `SELECT generation, parent_generation, recovered_parent, superseded_at, revoked_at::text, user_agent,
  host(last_ip) AS last_ip, rotated_at::text, expires_at::text,
  extract(epoch FROM clock_timestamp())::float8 AS now
  FROM auth_session WHERE id = $1`;
/** Moves what is remembered of rotations along with the simulated time; $2 is the simulated now. */
const MOVE = `WITH clock AS (SELECT extract(epoch FROM clock_timestamp())::float8 - $2 AS ahead)
  UPDATE auth_session SET superseded_at = ARRAY(
    SELECT t + clock.ahead - $3 FROM unnest(superseded_at) WITH ORDINALITY u(t, n) ORDER BY n)
  FROM clock WHERE id = $1 RETURNING clock.ahead`;
const LOSE = `UPDATE auth_session SET (${COLUMNS}) = ($2, $3, $4, $5, $6, $7, $8, $9, $10) WHERE id = $1`;

/** Plays a session by the pure rule and notes what is done to it. */
function trace(seed: number, conditions: Conditions, scenario: Scenario): Step[] {
  const steps: Step[] = [];
  const pure = verdictRule('pure', SECURE);
  let points = 0;
  const rule: RotationRule = {
    name: 'noted',
    open: (client) => {
      const session = pure.open(client);
      return {
        get ended() {
          return session.ended;
        },
        refresh: (request) => {
          const answer = session.refresh(request);
          steps.push({ what: 'refresh', ...request, answer });
          return answer;
        },
        checkpoint: () => {
          const lose = session.checkpoint();
          const point = (points += 1);
          steps.push({ what: 'remember', point });
          return () => {
            lose();
            steps.push({ what: 'lose', point });
          };
        },
      };
    },
  };
  simulate({ rule, conditions, scenario, seed });
  return steps;
}

/** Whether some token is presented so near the end of its grace that milliseconds decide. */
function isOnTheEdge(steps: readonly Step[]): boolean {
  const times = steps.flatMap((step) => (step.what === 'refresh' ? [step.now] : []));
  return times.some((later) =>
    times.some((earlier) => Math.abs(later - earlier - SECURE.gracePeriod) < MARGIN),
  );
}

/** An address in the network that the simulation has a name for. */
function addressIn(network: string | null): string {
  const number = /\d+/.exec(network ?? '')?.[0];
  const name = number === undefined ? 0xfffff : Number(number);
  const [high, low] = [name >> 8, name & 255];
  if (network?.endsWith('v6')) return `2001:db8:${high.toString(16)}:${low.toString(16)}::7`;
  return `${20 + (high >> 8)}.${high & 255}.${low}.7`;
}

const contextOf = ({ userAgent, network }: RefreshClient) => ({
  userAgent,
  ip: addressIn(network),
});

function stateOf(row: Row): SessionState {
  return {
    generation: row.generation,
    parentGeneration: row.parent_generation,
    supersededAt: row.superseded_at,
    hasRecoveredLate:
      row.recovered_parent !== null && row.recovered_parent === row.parent_generation,
    revokedAt: row.revoked_at === null ? null : new Date(row.revoked_at),
    lastClient: { userAgent: row.user_agent, network: networkOf(row.last_ip) },
  };
}

type RefreshAnswer = HttpAnswer<Partial<Pair> & { readonly reason?: string }>;

/** What the client learns of a verdict (design §3). */
function publicVerdict({ verdict }: RefreshVerdict): string {
  const granted: readonly string[] = ['rotated', 'replayed', 'recovered'];
  return granted.includes(verdict) ? 'granted' : verdict;
}

function verdictOf({ status, body }: RefreshAnswer): string {
  if (status === 200) return 'granted';
  return status === 401 ? String(body.reason) : `status ${status}`;
}

/** A session on the real servers to which the same is done as was to the pure one; every step is compared. */
class ReplayedSession {
  readonly #sid: string;
  /** Refresh tokens by generation, as they were answered last. */
  readonly #tokens: Map<number, string>;
  readonly #points = new Map<number, { row: Row; ahead: number }>();
  #access: string;
  /** Seconds that the database's clock is ahead of the simulation's. */
  #ahead = 0;
  #hasLostCommits = false;

  constructor(
    private readonly database: Client,
    private readonly nodes: readonly KeepAliveClient[],
    private readonly tally: Map<string, number>,
    first: Pair & { readonly sid: string },
  ) {
    this.#sid = first.sid;
    this.#tokens = new Map([[0, first.refresh]]);
    this.#access = first.access;
  }

  async replay(steps: readonly Step[]): Promise<void> {
    for (const [index, step] of steps.entries()) {
      if (step.what === 'refresh') await this.#refresh(step, index);
      else if (step.what === 'lose') await this.#lose(this.#points.get(step.point)!);
      else this.#points.set(step.point, { row: await this.#read(), ahead: this.#ahead });
    }
    await this.#checkSpent();
  }

  async #refresh(step: Refresh, index: number): Promise<void> {
    const { generation } = step;
    const context = contextOf(step.client);
    const client = { userAgent: context.userAgent, network: networkOf(context.ip) };
    const judge = (row: Row): RefreshVerdict =>
      judgeRefresh({ session: stateOf(row), generation, client, now: row.now }, SECURE);

    const moved = await this.database.query<{ ahead: number }>(MOVE, [
      this.#sid,
      step.now,
      this.#ahead,
    ]);
    this.#ahead = moved.rows[0]!.ahead;
    const before = await this.#read();
    const expected = judge(before);

    // Every third request reaches both nodes at once; the one that comes second must see what the first has done.
    const isTwice = index % 3 === 0;
    const chosen = isTwice ? this.nodes : [this.nodes[index % 2]!];
    const refresh = this.#tokens.get(generation)!;
    const headers = {
      ...(context.userAgent === null ? {} : { 'user-agent': context.userAgent }),
      'x-forwarded-for': context.ip,
    };
    const answers: RefreshAnswer[] = await Promise.all(
      chosen.map((node) =>
        node.post<RefreshAnswer['body']>('/login/simpleJWT/refresh', { refresh }, headers),
      ),
    );
    const after = await this.#read();

    const verdicts = [expected, ...(isTwice ? [judge(after)] : [])].map(publicVerdict);
    expect(answers.map(verdictOf).toSorted()).toEqual(verdicts.toSorted());
    this.tally.set(expected.verdict, (this.tally.get(expected.verdict) ?? 0) + 1);
    for (const answer of answers) this.#checkAnswer(answer, step.answer);
    this.#checkRow(before, expected, after);
  }

  /** The same generation as by the pure rule, and the identical token where it was answered before. */
  #checkAnswer({ body }: RefreshAnswer, answer: Answer): void {
    const { refresh, access } = body;
    expect(refresh === undefined ? null : claimsOf(refresh)['gen']).toBe(answer);
    if (refresh === undefined || access === undefined || answer === null) return;
    const known = this.#tokens.get(answer);
    if (known !== undefined && !this.#hasLostCommits) expect(refresh).toBe(known);
    this.#tokens.set(answer, refresh);
    this.#access = access;
  }

  #checkRow(before: Row, expected: RefreshVerdict, after: Row): void {
    const isOver = before.revoked_at !== null || expected.verdict === 'reused';
    expect(after.revoked_at !== null).toBe(isOver);
    if ('next' in expected) {
      expect(after).toMatchObject({
        generation: expected.next.generation,
        parent_generation: expected.next.parentGeneration,
      });
      expect(after.superseded_at).toHaveLength(expected.next.supersededAt.length);
      expect(stateOf(after).hasRecoveredLate).toBe(expected.next.hasRecoveredLate);
    } else {
      const rest = { revoked_at: null, now: 0 };
      expect({ ...after, ...rest }).toEqual({ ...before, ...rest });
    }
  }

  /**
   * Of all tokens that were ever answered those before the parent are spent for good; which of the others is the
   * current one nobody is told. The access token lives and ends with the session, on both nodes.
   */
  async #checkSpent(): Promise<void> {
    const { generation: current, parent_generation: parent, revoked_at: end } = await this.#read();
    for (const [generation, refresh] of this.#tokens) {
      const isLive = end === null && generation >= (parent ?? current);
      const { status } = await this.nodes[generation % 2]!.verify(refresh);
      expect({ generation, status }).toEqual({ generation, status: isLive ? 200 : 400 });
    }
    for (const node of this.nodes) {
      const expected = end === null ? 200 : 401;
      expect(await soon(expected, () => node.me(this.#access))).toMatchObject({ status: expected });
    }
  }

  async #lose({ row, ahead }: { row: Row; ahead: number }): Promise<void> {
    const times = row.superseded_at.map((time) => time - ahead + this.#ahead);
    await this.database.query(LOSE, [
      this.#sid,
      row.generation,
      row.parent_generation,
      row.recovered_parent,
      times,
      row.revoked_at,
      row.user_agent,
      row.last_ip,
      row.rotated_at,
      row.expires_at,
    ]);
    this.#hasLostCommits = true;
  }

  async #read(): Promise<Row> {
    return (await this.database.query<Row>(READ, [this.#sid])).rows[0]!;
  }
}

describe('random interleavings of one session on two server processes and a real database', () => {
  let two: TwoServers;
  let nodes: KeepAliveClient[];
  let database: Client;
  let alice: number;

  beforeAll(async () => {
    // The simulation's clients come from everywhere.
    two = await startTwoServers({ TRUSTED_PROXIES: '127.0.0.1' });
    nodes = two.servers.map(({ url }) => new KeepAliveClient(url));
    database = new Client({ connectionString: two.database });
    await database.connect();
    alice = await two.createUser('alice', 'a good password');
  });

  afterAll(async () => {
    for (const node of nodes ?? []) node.close();
    await database?.end();
    await two?.stop();
  });

  it('are decided as by the pure rule, step by step, and leave the older ones spent', async () => {
    const tally = new Map<string, number>();
    const replay = async (steps: readonly Step[]): Promise<void> => {
      const context = contextOf({ userAgent: 'browser', network: 'n0' });
      const first = await two.openSession(alice, context);
      await new ReplayedSession(database, nodes, tally, first).replay(steps);
    };
    const interleaving = fc
      .record({
        seed: fc.integer(),
        refreshes: fc.integer({ min: 10, max: 25 }),
        dualStack: fc.boolean(),
        tabs: fc.integer({ min: 1, max: 8 }),
        sloppy: fc.boolean(),
        lostCommits: fc.boolean(),
        thief: fc.constantFrom<Thief | undefined>(undefined, 'lazy', 'poll', 'stranger', 'shadow'),
      })
      .map(({ seed, refreshes, dualStack, ...scenario }) =>
        trace(seed, { ...CHAOS, refreshes, dualStack }, scenario),
      )
      .filter((steps) => !isOnTheEdge(steps));
    await fc.assert(fc.asyncProperty(interleaving, replay), {
      numRuns: INTERLEAVINGS,
      // Each step of shrinking replays a session; the seed says enough.
      endOnFailure: true,
    });
    for (const verdict of [
      'rotated',
      'replayed',
      'recovered',
      'stale',
      'reused',
      'session_ended',
    ]) {
      expect([verdict, (tally.get(verdict) ?? 0) > 10]).toEqual([verdict, true]);
    }
  });
});
