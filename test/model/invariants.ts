import {
  judgeRefresh,
  REMEMBERED_ROTATIONS,
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

function verdictOn(session: SessionState, request: RefreshRequest) {
  return judgeRefresh({ session, ...request }, SECURE).verdict;
}

/**
 * Whether the client has the user agent, and whether it has the network, of the last rotation or recovery. `mayBeNear`
 * takes an unknown network for the same, the others do not.
 */
function likeness({ lastClient }: SessionState, { client }: RefreshRequest) {
  const hasUserAgent = client.userAgent === lastClient.userAgent;
  const isUnknown = client.network === null || lastClient.network === null;
  const hasNetwork = !isUnknown && client.network === lastClient.network;
  const isNear = hasUserAgent || hasNetwork;
  return { isSame: hasUserAgent && hasNetwork, isNear, mayBeNear: isNear || isUnknown };
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
  /** When each generation was superseded. */
  readonly #supersededAt = new Map<number, number>();
  /** Whether a displaced token has recovered since the last rotation, though that was no longer fresh. */
  #hasRecoveredLate = false;
  /** The last token that the server gave to the thief, whether or not it reached him. */
  #loot: number | null = null;

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
      // After a lost commit the row remembers other times than were seen here.
      if (!this.#hasLostCommits) this.#checkLeniency(this.#step);
      this.#remember(this.#step);
      if (before !== after) this.#checkOneLive(after, request);
      return { row: after, answer };
    });
  }

  /** What holds for every session, whoever uses it. */
  #checkRow({ before, after, verdict, request }: Step, answer: number | null) {
    this.#expect(
      hasEnded(before) === (verdict === 'session_ended'),
      'an ended session gets one answer',
    );
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
    this.#expect(isNewest === (verdict === 'rotated'), 'the newest token alone rotates, always');
  }

  /** What a spent token may still do, and for whom. */
  #checkLeniency({ before, request, verdict }: Step) {
    const { generation, now } = request;
    if (hasEnded(before) || generation >= before.generation) return;
    const parent = before.parentGeneration ?? -1;
    const { isSame, isNear, mayBeNear } = likeness(before, request);
    const isFresh = (spent: number) => this.#isFresh(spent, before.generation, now);
    if (generation < parent) {
      const isForgiven = isSame || (mayBeNear && isFresh(generation));
      this.#expect(verdict === (isForgiven ? 'stale' : 'reused'), 'older is stale or ends it');
    } else if (isSame) {
      this.#expect(verdict === 'replayed', 'the same client gets its token again');
    } else if (isNear && generation === parent) {
      this.#expect(verdict === 'recovered', 'a parent from near recovers');
    } else {
      const mayRecover = isNear && (isFresh(parent) || !this.#hasRecoveredLate);
      this.#expect(verdict === (mayRecover ? 'recovered' : 'reused'), 'displaced recovers or ends');
    }
    if (!mayBeNear) this.#count('a stranger ends it');
  }

  #remember({ before, request, verdict, after }: Step) {
    if (verdict === 'rotated') this.#hasRecoveredLate = false;
    else if (verdict === 'recovered' && request.generation !== before.parentGeneration) {
      const parent = before.parentGeneration ?? -1;
      const isLate = !this.#isFresh(parent, before.generation, request.now);
      this.#hasRecoveredLate ||= isLate;
      this.#count(isLate ? 'a displaced token recovers late' : 'a displaced token recovers');
    }
    if (after.generation > before.generation) {
      this.#supersededAt.set(before.generation, request.now);
    }
  }

  /** Superseded within the grace period, and not so many rotations ago that the row has forgotten it. */
  #isFresh(spent: number, current: number, now: number): boolean {
    const age = now - (this.#supersededAt.get(spent) ?? -Infinity);
    return age <= SECURE.gracePeriod && current - spent <= REMEMBERED_ROTATIONS;
  }

  /**
   * Property 2: of all tokens ever issued, at most one would rotate the session. A database that lost
   * commits does not know of the tokens that it had issued since; until it does, they are live too.
   */
  #checkOneLive(after: SessionState, { client, now }: RefreshRequest) {
    const forgotten = after.generation - REMEMBERED_ROTATIONS - 2;
    for (let generation = Math.max(0, forgotten); generation <= this.#newest; generation += 1) {
      const isLive = verdictOn(after, { generation, client, now }) === 'rotated';
      const isCurrent = generation === after.generation;
      const isLost = this.#hasLostCommits && generation > after.generation;
      this.#expect(isLive === (!hasEnded(after) && (isCurrent || isLost)), 'one token is live');
    }
  }

  /**
   * Property 1, to the letter: the session lives, and the token in the store of its honest client would be
   * accepted at this moment or in a month, from where the client is or from any other network. To be called
   * in worlds where design §3 promises this without exception.
   */
  checkHonest({ client, now, store }: ServedRefresh) {
    const after = this.#step!.after;
    this.#expect(!hasEnded(after), 'an honest client is not logged out');
    const onTheRoad: RefreshClient = { ...client, network: 'far away' };
    for (const from of [client, onTheRoad]) {
      for (const at of [now, now + MONTH]) {
        const verdict = verdictOn(after, { generation: store, client: from, now: at });
        this.#expect(ACCEPTED.includes(verdict), 'the stored token is accepted');
      }
    }
  }

  /**
   * Property 3: after each refresh of the honest client, a thief, who is in another network or in an unknown one, holds
   * no live token, or the session has ended. Left out is a refresh that is refused as stale with a fresh token: it may
   * be a duplicate that is late. That leaves the thief one grace period, from when the client's token was superseded.
   */
  checkThief({ sender, generation, now, answer }: ServedRefresh) {
    const { before, after, verdict } = this.#step!;
    if (sender === 'thief') {
      this.#loot = answer ?? this.#loot;
      return;
    }
    if (this.#loot === null || hasEnded(before) || this.#hasLostCommits) return;
    if (verdict === 'stale' && this.#isFresh(generation, before.generation, now)) return;
    this.#count(hasEnded(after) ? 'a theft is found' : 'a thief is shut out');
    const holdsLive = this.#loot === after.generation;
    this.#expect(hasEnded(after) || !holdsLive, 'an honest refresh shuts the thief out');
  }

  #count(what: string) {
    this.#tally.set(what, (this.#tally.get(what) ?? 0) + 1);
  }

  #expect(holds: boolean, what: string) {
    if (!holds) throw new Error(`not so: ${what}; ${JSON.stringify(this.#step)}`);
  }
}
