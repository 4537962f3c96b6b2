import {
  judgeRefresh,
  type RefreshClient,
  type RefreshVerdict,
  type SessionState,
} from '../../src/ledger/domain/verdict.js';
import type { ServedRefresh } from './rotation-model.js';
import {
  hasEnded,
  ledgerStep,
  openedSession,
  ruleOf,
  SECURE,
  type RefreshRequest,
  type RotationRule,
} from './rules.js';

/** One decision about a session. */
interface Step {
  readonly before: SessionState;
  readonly request: RefreshRequest;
  readonly verdict: RefreshVerdict['verdict'];
  readonly after: SessionState;
}

const decide = ledgerStep(SECURE);
const ACCEPTED = ['rotated', 'recovered', 'replayed'];
const MONTH = 30 * 86_400;
const STRANGER: RefreshClient = { userAgent: 'stranger', network: 'far away' };

function verdictOn(session: SessionState, request: RefreshRequest) {
  return judgeRefresh({ session, ...request }, SECURE).verdict;
}

/** How long ago the presented generation was superseded: 0 for the current one, Infinity if forgotten. */
function age({ generation, supersededAt }: SessionState, request: RefreshRequest): number {
  if (request.generation >= generation) return 0;
  return request.now - (supersededAt[generation - 1 - request.generation] ?? -Infinity);
}

/**
 * Our rule with every step checked against design §3. One for each simulated session; a violation throws,
 * which makes the interleaving a counterexample.
 */
export class WatchedSession {
  readonly rule: RotationRule;
  readonly #tally: Map<string, number>;
  #newest = 0;
  #hasLostCommits = false;
  #step: Step | null = null;
  /** The last token that the server gave to the thief, whether or not it reached him. */
  #loot: { readonly generation: number; readonly userAgent: string | null } | null = null;

  /** @param tally counts what was met, so that a spec can see that its checks were not empty */
  constructor(tally: Map<string, number>) {
    this.#tally = tally;
    this.rule = ruleOf('watched', openedSession, hasEnded, (before, request) => {
      const { row: after, answer } = decide(before, request);
      const verdict = verdictOn(before, request);
      const last = this.#step?.after ?? before;
      this.#hasLostCommits ||= last !== before;
      this.#step = { before, request, verdict, after };
      this.#newest = Math.max(this.#newest, after.generation);
      this.#count(verdict);
      this.#checkRow(this.#step, answer);
      if (before !== after) this.#checkOneLive(after, request);
      return { row: after, answer };
    });
  }

  /** What holds for every session, whoever uses it. */
  #checkRow({ before, after, verdict, request }: Step, answer: number | null) {
    this.#expect(hasEnded(before) === (verdict === 'ended'), 'an ended session gets one answer');
    this.#expect(!hasEnded(before) || after === before, 'ended stays ended');
    const isOver = hasEnded(before) || verdict === 'reused';
    this.#expect(hasEnded(after) === isOver, 'only reuse ends a session');
    this.#expect(after.generation >= before.generation, 'a generation never decreases');
    const isAccepted = ACCEPTED.includes(verdict);
    this.#expect(isAccepted === (answer !== null), 'exactly the accepted are answered');
    this.#expect(answer === null || answer === after.generation, 'the answer is the live token');
    const isNew = answer === null || answer > request.generation;
    this.#expect(isNew, 'a token never buys itself');
    const advances = verdict === 'rotated' || verdict === 'recovered';
    const hasAdvanced = after.generation > before.generation;
    this.#expect(hasAdvanced === advances, 'only rotation and recovery advance');
    const isNewest = request.generation >= before.generation && !hasEnded(before);
    this.#expect(!isNewest || verdict === 'rotated', 'the newest token is never refused');
  }

  /**
   * Property 2: of all tokens ever issued, at most one would rotate the session. A database that lost
   * commits does not know of the tokens that it had issued since; until it does, they are live too.
   */
  #checkOneLive(after: SessionState, { client, now }: RefreshRequest) {
    for (let generation = 0; generation <= this.#newest; generation += 1) {
      const isLive = verdictOn(after, { generation, client, now }) === 'rotated';
      const isCurrent = generation === after.generation;
      const isLost = this.#hasLostCommits && generation > after.generation;
      this.#expect(isLive === (!hasEnded(after) && (isCurrent || isLost)), 'one token is live');
    }
  }

  /**
   * Property 1, to the letter: the session lives, and the token in the store of its honest client would
   * be accepted at this moment or in a month, from where the client is or from anywhere else. To be called
   * in worlds where design §3 promises this without exception.
   */
  checkHonest({ client, now, store }: ServedRefresh) {
    const after = this.#step!.after;
    this.#expect(!hasEnded(after), 'an honest client is not logged out');
    for (const from of [client, STRANGER]) {
      for (const at of [now, now + MONTH]) {
        const verdict = verdictOn(after, { generation: store, client: from, now: at });
        this.#expect(ACCEPTED.includes(verdict), 'the stored token is accepted');
      }
    }
  }

  /** Property 3: what a thief, who is never the same client, can still do. */
  checkThief({ sender, client, answer }: ServedRefresh) {
    if (sender === 'thief') {
      this.#checkSpentTokenEnds(this.#step!);
      const { userAgent } = client;
      if (answer !== null) this.#loot = { generation: answer, userAgent };
    } else {
      this.#checkShutOut(this.#step!);
    }
  }

  /**
   * At once: a token older than the parent, or displaced, ends the session unless it is near and in
   * grace, or the last rotation was the thief's own (then it is the honest client's next refresh that
   * shuts him out).
   */
  #checkSpentTokenEnds({ before, request, verdict }: Step) {
    const { generation, client } = request;
    if (hasEnded(before) || generation >= before.generation) return;
    if (generation === before.parentGeneration) return;
    const { userAgent, network } = before.lastClient;
    if (network === client.network) return;
    if (userAgent === client.userAgent && age(before, request) <= SECURE.gracePeriod) return;
    this.#count('thief ends it himself');
    this.#expect(verdict === 'reused', 'a spent token elsewhere ends the session');
  }

  /**
   * No later than the honest client's next refresh outside the grace period, i.e. with the current
   * token or with one superseded longer ago: afterwards the session has ended, or the thief's newest
   * token is not the live one. A thief who does not know the user agent is not even spared by the grace.
   *
   * One case is left out: the very client of the last rotation sends the parent or an older token, and
   * the row stays. Nobody has used the current token then; the thief was given it by a replay, within
   * grace and knowing the user agent. Whoever of the two uses it first makes it the other's parent, and
   * the check holds again.
   */
  #checkShutOut({ before, request, after }: Step) {
    if (hasEnded(before) || this.#loot === null || this.#hasLostCommits) return;
    const isInGrace =
      request.generation < before.generation && age(before, request) <= SECURE.gracePeriod;
    const isOwn = before === after && before.lastClient.network === request.client.network;
    const isKnown = this.#loot.userAgent === request.client.userAgent;
    if (isKnown && (isInGrace || isOwn)) return;
    this.#count(isKnown ? 'thief is shut out' : 'stranger is shut out');
    const holdsLive = this.#loot.generation === after.generation;
    this.#expect(hasEnded(after) || !holdsLive, 'an honest refresh shuts the thief out');
  }

  #count(what: string) {
    this.#tally.set(what, (this.#tally.get(what) ?? 0) + 1);
  }

  #expect(holds: boolean, what: string) {
    if (!holds) throw new Error(`not so: ${what}; ${JSON.stringify(this.#step)}`);
  }
}
