import { type Conditions, PATIENCE } from './conditions.js';
import { EventQueue } from './event-queue.js';
import { type Random, seededRandom } from './random.js';
import type { Answer, ModelSession, RefreshRequest, RotationRule } from './rules.js';

/** Who sends a refresh, and as what the server sees the sender. */
export interface Sender extends Pick<RefreshRequest, 'client'> {
  readonly sender: 'tab' | 'thief';
}

/** One refresh at the moment when the server has decided about it. */
export interface DecidedRefresh extends RefreshRequest, Sender {
  readonly answer: Answer;
}

/** An answer, or nothing within the client's patience. */
export type Reply = Answer | 'nothing';

/** What a world is made of; the same values give the same world. */
export interface Making {
  readonly rule: RotationRule;
  readonly conditions: Conditions;
  readonly seed: number;
  readonly observe?: (refresh: DecidedRefresh) => void;
}

/** The server with one session, the network that carries messages to it, and the time that passes meanwhile. */
export class World {
  readonly conditions: Conditions;
  readonly random: Random;
  /** Refreshes that reached the server. */
  served = 0;
  /** The newest generation that the server has answered. */
  newest = 0;
  /** When the session ended, in seconds; null while it lives. */
  endedAt: number | null = null;
  readonly #queue = new EventQueue();
  readonly #session: ModelSession;
  readonly #observe: Making['observe'];

  constructor({ rule, conditions, seed, observe }: Making, opener: Sender) {
    this.conditions = conditions;
    this.random = seededRandom(seed);
    this.#session = rule.open(opener.client);
    this.#observe = observe;
  }

  /** Seconds since the log-in. */
  get now(): number {
    return this.#queue.now;
  }

  get ended(): boolean {
    return this.endedAt !== null;
  }

  /** Lets something happen `delay` seconds from now. */
  after(delay: number, happen: () => void): void {
    this.#queue.after(delay, happen);
  }

  /** Moves on to the next event. @returns false if nothing is left */
  step(): boolean {
    return this.#queue.step();
  }

  /** Sends a refresh; the reply comes once, at the latest when the sender's patience is over. */
  send(from: Sender, generation: number, onReply: (reply: Reply) => void): void {
    const { chance } = this.random;
    const { lostRequests, duplicates, slowest } = this.conditions;
    let isSettled = false;
    const settle = (reply: Reply) => {
      if (isSettled) return;
      isSettled = true;
      onReply(reply);
    };
    const copies = duplicates > 0 && chance(duplicates) ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      if (chance(lostRequests)) continue;
      this.after(Math.min(this.#delay(), slowest), () => this.#serve(from, generation, settle));
    }
    this.after(PATIENCE, () => settle('nothing'));
  }

  /** Ends the session at the request of somebody who holds one of its tokens. */
  blacklist(): void {
    this.endedAt ??= this.now;
  }

  /** Lets the database lose its last commits once. */
  planFailover(): void {
    const { failover, lostSeconds } = this.conditions;
    this.after(failover + this.random.exponential(failover / 4), () => {
      const loseCommits = this.#session.checkpoint();
      this.after(this.random.exponential(lostSeconds), () => {
        // To lose the end of a session as well would only flatter a rule that ends many.
        if (!this.ended) loseCommits();
      });
    });
  }

  /** One node or many: the row's lock puts their refreshes in one order, and this is that order. */
  #serve({ sender, client }: Sender, generation: number, settle: (reply: Reply) => void) {
    const { chance } = this.random;
    const { now } = this;
    const isBlacklisted = this.ended && !this.#session.ended;
    const answer = isBlacklisted ? null : this.#session.refresh({ generation, client, now });
    this.served += 1;
    this.newest = Math.max(this.newest, answer ?? 0);
    if (this.#session.ended) this.endedAt ??= now;
    this.#observe?.({ sender, client, generation, now, answer });
    if (this.conditions.crashes > 0 && chance(this.conditions.crashes)) {
      this.after(this.conditions.delay, () => settle('nothing'));
    } else if (!chance(this.conditions.lostAnswers)) {
      this.after(this.#delay(), () => settle(answer));
    }
  }

  #delay(): number {
    const { late, lateBy, delay } = this.conditions;
    return this.random.exponential(this.random.chance(late) ? lateBy : delay);
  }
}
