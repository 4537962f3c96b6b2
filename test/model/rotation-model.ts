import type { Scenario } from './conditions.js';
import { BROWSER, FIRST_NETWORK, HonestClient } from './honest-client.js';
import { Theft } from './theft.js';
import { type DecidedRefresh, type Making, World } from './world.js';

/** One refresh at the moment when the server has decided about it. */
export interface ServedRefresh extends DecidedRefresh {
  /** The newest generation that the honest client has. */
  readonly store: number;
}

/** What became of a session. Times are in seconds. */
export interface Outcome {
  readonly endedAt: number | null;
  /** Whether the honest client signed out by itself while the session lived. */
  readonly hasLeft: boolean;
  /** When the store was copied; null if it was not, or if the session had ended before. */
  readonly stolenAt: number | null;
  /** Pairs that the thief got. */
  readonly pairs: number;
  /** Refusals that honest tabs saw while the session lived. */
  readonly refusals: number;
}

/** One session to simulate; the same values give the same outcome. */
export interface Simulation extends Omit<Making, 'observe'> {
  readonly scenario: Scenario;
  readonly observe?: (refresh: ServedRefresh) => void;
}

const OWNER = { sender: 'tab', client: { userAgent: BROWSER, network: FIRST_NETWORK } } as const;

/** Plays one session from log-in to horizon, or until nobody is left to whom anything could happen. */
export function simulate({ scenario, observe, ...making }: Simulation): Outcome {
  const { thief, lostCommits } = scenario;
  const watch =
    observe && ((refresh: DecidedRefresh) => observe({ ...refresh, store: owner.store }));
  const world = new World({ ...making, observe: watch }, OWNER);
  const owner: HonestClient = new HonestClient(world, scenario);
  if (lostCommits) world.planFailover();
  const theft = thief && new Theft(world, owner, { ...scenario, thief });

  const { horizon, refreshes } = making.conditions;
  const isOver = () => owner.isLoggedOut || (owner.hasLeft && (world.ended || !thief));
  while (!isOver() && world.served < refreshes && world.step()) if (world.now >= horizon) break;
  return {
    endedAt: world.endedAt,
    hasLeft: owner.hasLeft,
    stolenAt: theft?.at ?? null,
    pairs: theft?.pairs ?? 0,
    refusals: owner.refusals,
  };
}
