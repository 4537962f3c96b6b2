/** Seconds that a client waits for an answer before it tries again. */
export const PATIENCE = 35;

/** What the world between client and database does. Times are means of seconds, shares are probabilities. */
export interface Conditions {
  readonly lostRequests: number;
  readonly lostAnswers: number;
  /** Share of requests that reach the server a second time, with a delay of their own. */
  readonly duplicates: number;
  /** Share of refreshes after whose commit the server dies: the client learns at once that it got no answer. */
  readonly crashes: number;
  /** Share of messages, in each direction, that are late; the others take `delay`. */
  readonly late: number;
  readonly lateBy: number;
  readonly delay: number;
  /** Longest that any request may take. */
  readonly slowest: number;
  /** Whether each request leaves by IPv4 or by IPv6 as it happens. */
  readonly dualStack: boolean;
  /** Until the client is on another network. */
  readonly moves: number;
  /** Share of a tab's refreshes that follow the one before within about a second. */
  readonly hurried: number;
  /** The pause before any other refresh: this long, and about as long again. */
  readonly pause: number;
  /** When the database loses its last commits, and how many seconds of them. */
  readonly failover: number;
  readonly lostSeconds: number;
  /** When the store is read by a thief, and how long one who takes his time waits to use what he found. */
  readonly theft: number;
  readonly firstUse: number;
  /** The end of the simulation: seconds, and refreshes that reached the server. */
  readonly horizon: number;
  readonly refreshes: number;
}

/** Three hours of browsing on a decent network. */
export const ORDINARY: Conditions = {
  lostRequests: 0.02,
  lostAnswers: 0.05,
  duplicates: 0,
  crashes: 0,
  late: 0.005,
  lateBy: 8,
  delay: 0.2,
  slowest: Infinity,
  dualStack: false,
  moves: 3000,
  hurried: 0.05,
  pause: 200,
  failover: 2000,
  lostSeconds: 2,
  theft: 1500,
  firstUse: 400,
  horizon: 12_000,
  refreshes: Infinity,
};

/** The same on a bad network, with tabs that refresh in bursts. */
export const HARSH: Conditions = { ...ORDINARY, late: 0.03, lateBy: 20, hurried: 0.3 };

/** Minutes in which everything that can go wrong does, around the grace period and beyond it. */
export const CHAOS: Conditions = {
  ...ORDINARY,
  lostRequests: 0.1,
  lostAnswers: 0.2,
  duplicates: 0.15,
  crashes: 0.1,
  late: 0.3,
  lateBy: 40,
  moves: 120,
  hurried: 0.4,
  pause: 60,
  failover: 40,
  lostSeconds: 20,
  theft: 20,
  firstUse: 20,
};

/** The browser of the session's owner: its tabs share one store. */
export interface HonestScenario {
  readonly tabs: number;
  /** Whether a tab now and then sits on the token that it read before it sends it. */
  readonly sloppy?: boolean;
  /** Whether the database loses its last commits once. */
  readonly lostCommits?: boolean;
  /**
   * An ordinary SimpleJWT front end: whatever is answered last is stored, and a 401 signs out unless another tab has
   * stored something else. Otherwise tabs adopt only a newer pair, and read their store again when they are refused.
   */
  readonly plain?: boolean;
  /** What a tab does that is refused three times and finds nothing newer in its store; if unset, it goes on asking. */
  readonly givesUp?: 'leaves' | 'blacklists what it holds';
  /** Whose network the server does not know: everybody's, behind a proxy that it was not told of, or only the thief's. */
  readonly unknownNetwork?: 'everybody' | 'thief';
  /** Seconds from one refresh to the next; if unset, each tab pauses as the conditions say. */
  readonly rhythm?: number;
}

/**
 * How somebody with a copy of the store uses it, from another network and with the owner's user agent where nothing
 * else is said.
 *
 * - `lazy`: every few minutes; `poll`: every ten seconds
 * - `stranger`: every few minutes, with another user agent
 * - `shadow`: as soon as the owner has refreshed, which the server does not tell him; he knows it all the same
 * - `rhythm`: halfway between two refreshes of an owner whose rhythm is even
 * - `twice`: two more times within seconds, so that what the owner holds is spent twice over; then every four minutes
 * - `neighbour`: shadows from the owner's own network
 * - `housemate`: the same, with another user agent
 */
export type Thief =
  'lazy' | 'poll' | 'stranger' | 'shadow' | 'rhythm' | 'twice' | 'neighbour' | 'housemate';

/** Who uses one session. */
export interface Scenario extends HonestScenario {
  readonly thief?: Thief;
}
