import { type Conditions, PATIENCE, type Scenario } from './conditions.js';
import { EventQueue } from './event-queue.js';
import { type Random, seededRandom } from './random.js';
import type { Answer, ModelSession, RefreshRequest, RotationRule } from './rules.js';

/** One refresh at the moment when the server has decided about it. */
export interface ServedRefresh extends RefreshRequest {
  readonly sender: 'tab' | 'thief';
  readonly answer: Answer;
  /** The newest generation that the honest client has. */
  readonly store: number;
}

/** What became of a session. Times are in seconds. */
export interface Outcome {
  readonly endedAt: number | null;
  /** When the thief first got a token; null if he never did. */
  readonly thiefServedAt: number | null;
  /** Refusals that honest tabs saw while the session lived. */
  readonly refusals: number;
}

/** One session to simulate; the same values give the same outcome. */
export interface Simulation {
  readonly rule: RotationRule;
  readonly scenario: Scenario;
  readonly conditions: Conditions;
  readonly seed: number;
  readonly observe?: (refresh: ServedRefresh) => void;
}

/** Plays one session from login to horizon, or until its honest client knows that it is logged out. */
export function simulate(simulation: Simulation): Outcome {
  return new SimulatedSession(simulation).run();
}

type Sender = Pick<ServedRefresh, 'sender' | 'client'>;
/** An answer, or nothing within the client's patience. */
type Reply = Answer | 'nothing';

const BROWSER = 'browser';

class SimulatedSession {
  readonly #simulation: Simulation;
  readonly #world: Conditions;
  readonly #random: Random;
  readonly #session: ModelSession;
  readonly #queue = new EventQueue();
  #network = 'n0';
  #store = 0;
  #isLoggedOut = false;
  #served = 0;
  #refusals = 0;
  #endedAt: number | null = null;
  #thiefServedAt: number | null = null;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
    this.#world = simulation.conditions;
    this.#random = seededRandom(simulation.seed);
    this.#session = simulation.rule.open({ userAgent: BROWSER, network: this.#network });
  }

  run(): Outcome {
    const { tabs, lostCommits, thief } = this.#simulation.scenario;
    for (let tab = 0; tab < tabs; tab += 1) this.#openTab();
    this.#after(this.#random.exponential(this.#world.moves), () => this.#move());
    if (lostCommits) this.#planFailover();
    if (thief) this.#planTheft(thief);
    const { horizon, refreshes } = this.#world;
    while (!this.#isLoggedOut && this.#served < refreshes && this.#queue.step()) {
      if (this.#queue.now >= horizon) break;
    }
    const thiefServedAt = this.#thiefServedAt;
    return { endedAt: this.#endedAt, thiefServedAt, refusals: this.#refusals };
  }

  #after(delay: number, happen: () => void) {
    this.#queue.after(delay, happen);
  }

  #openTab() {
    const { exponential, chance } = this.#random;
    let isBusy = false;
    const refresh = () => {
      if (isBusy) return;
      isBusy = true;
      const generation = this.#store;
      const held = this.#simulation.scenario.sloppy && chance(0.02) ? exponential(5) : 0;
      this.#after(held, () => {
        this.#send(this.#tab(), generation, (reply) => {
          isBusy = false;
          if (this.#isAnswered(reply)) return;
          this.#after(exponential(2), refresh);
        });
      });
    };
    const loop = () => {
      refresh();
      const { hurried, pause } = this.#world;
      this.#after(chance(hurried) ? 0.01 + exponential(1) : pause + exponential(pause), loop);
    };
    this.#after(exponential(5), loop);
  }

  /** What a tab does with a reply. @returns whether it is done; otherwise it reads the store again */
  #isAnswered(reply: Reply): boolean {
    if (reply === 'nothing') return false;
    if (reply !== null) {
      this.#store = Math.max(this.#store, reply);
      return true;
    }
    this.#isLoggedOut = this.#session.ended;
    if (!this.#isLoggedOut) this.#refusals += 1;
    return this.#isLoggedOut;
  }

  #tab(): Sender {
    const isSecondStack = this.#world.dualStack && this.#random.chance(0.5);
    const network = isSecondStack ? `${this.#network}v6` : this.#network;
    return { sender: 'tab', client: { userAgent: BROWSER, network } };
  }

  #move() {
    this.#network = `n${Math.floor(this.#random.uniform() * 1e6)}`;
    this.#after(this.#random.exponential(this.#world.moves), () => this.#move());
  }

  #planFailover() {
    const { failover, lostSeconds } = this.#world;
    this.#after(failover + this.#random.exponential(failover / 4), () => {
      const loseCommits = this.#session.checkpoint();
      this.#after(this.#random.exponential(lostSeconds), () => {
        // To lose the end of a session as well would only flatter a rule that ends many.
        if (!this.#session.ended) loseCommits();
      });
    });
  }

  #planTheft(kind: 'lazy' | 'poll') {
    const { exponential, chance } = this.#random;
    const { theft, firstUse } = this.#world;
    this.#after(theft + exponential((theft * 2) / 3), () => {
      let held = this.#store;
      const userAgent = chance(0.5) ? BROWSER : 'elsewhere';
      const thief: Sender = { sender: 'thief', client: { userAgent, network: 'elsewhere' } };
      const use = () => {
        if (this.#session.ended) return;
        this.#send(thief, held, (reply) => {
          if (typeof reply !== 'number') return;
          held = reply;
          this.#thiefServedAt ??= this.#queue.now;
        });
        this.#after(kind === 'poll' ? 9 + exponential(3) : 100 + exponential(300), use);
      };
      this.#after(exponential(firstUse), use);
    });
  }

  #send(from: Sender, generation: number, onReply: (reply: Reply) => void) {
    const { chance } = this.#random;
    const { lostRequests, duplicates, slowest } = this.#world;
    let isSettled = false;
    const settle = (reply: Reply) => {
      if (isSettled) return;
      isSettled = true;
      onReply(reply);
    };
    const copies = duplicates > 0 && chance(duplicates) ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      if (chance(lostRequests)) continue;
      this.#after(Math.min(this.#delay(), slowest), () => this.#serve(from, generation, settle));
    }
    this.#after(PATIENCE, () => settle('nothing'));
  }

  /** One node or many: the row's lock puts their refreshes in one order, and this is that order. */
  #serve({ sender, client }: Sender, generation: number, settle: (reply: Reply) => void) {
    const { chance } = this.#random;
    const { now } = this.#queue;
    const answer = this.#session.refresh({ generation, client, now });
    this.#served += 1;
    if (this.#session.ended) this.#endedAt ??= now;
    const store = this.#store;
    this.#simulation.observe?.({ sender, client, generation, now, answer, store });
    if (this.#world.crashes > 0 && chance(this.#world.crashes)) {
      this.#after(this.#world.delay, () => settle('nothing'));
    } else if (!chance(this.#world.lostAnswers)) {
      this.#after(this.#delay(), () => settle(answer));
    }
  }

  #delay(): number {
    const { late, lateBy, delay } = this.#world;
    return this.#random.exponential(this.#random.chance(late) ? lateBy : delay);
  }
}
