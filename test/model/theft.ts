import type { HonestScenario, Thief } from './conditions.js';
import { BROWSER, type HonestClient } from './honest-client.js';
import type { Sender, World } from './world.js';

const SHADOWS: readonly Thief[] = ['shadow', 'neighbour', 'housemate'];

/** Seconds until the thief's first use of what he copied, and from each use to the next. */
interface Habit {
  readonly first: number;
  readonly pause: (uses: number) => number;
}

/** Somebody who copies the honest client's store once and refreshes with what he found. */
export class Theft {
  /** When the store was copied; null before. */
  at: number | null = null;
  /** Pairs that reached the thief. */
  pairs = 0;
  readonly #world: World;
  readonly #owner: HonestClient;
  readonly #thief: Thief;
  readonly #scenario: HonestScenario;
  #held = 0;

  constructor(world: World, owner: HonestClient, scenario: HonestScenario & { thief: Thief }) {
    this.#world = world;
    this.#owner = owner;
    this.#thief = scenario.thief;
    this.#scenario = scenario;
    const { theft } = world.conditions;
    world.after(theft + world.random.exponential((theft * 2) / 3), () => {
      if (world.ended) return;
      this.at = world.now;
      this.#held = owner.store;
      if (SHADOWS.includes(this.#thief)) this.#shadow();
      else this.#use(habitOf(this.#thief, world, scenario));
    });
  }

  #use({ first, pause }: Habit) {
    let uses = 0;
    const use = () => {
      if (this.#world.ended) return;
      this.#refresh();
      uses += 1;
      this.#world.after(pause(uses), use);
    };
    this.#world.after(first, use);
  }

  #shadow() {
    const { exponential } = this.#world.random;
    const look = () => {
      if (this.#world.ended) return;
      const lookAgain = () => this.#world.after(2 + exponential(3), look);
      if (this.#held === this.#world.newest) lookAgain();
      else this.#refresh(lookAgain);
    };
    this.#world.after(exponential(5), look);
  }

  #refresh(then?: () => void) {
    this.#world.send(this.#sender(), this.#held, (reply) => {
      if (typeof reply === 'number') {
        this.pairs += 1;
        this.#held = Math.max(this.#held, reply);
      }
      then?.();
    });
  }

  #sender(): Sender {
    const isAtHome = this.#thief === 'neighbour' || this.#thief === 'housemate';
    const hasOwnBrowser = this.#thief === 'stranger' || this.#thief === 'housemate';
    const network = isAtHome ? this.#owner.network : 'elsewhere';
    return {
      sender: 'thief',
      client: {
        userAgent: hasOwnBrowser ? 'another browser' : BROWSER,
        network: this.#scenario.unknownNetwork ? null : network,
      },
    };
  }
}

function habitOf(thief: Thief, { random, conditions }: World, owner: HonestScenario): Habit {
  const { exponential } = random;
  const rhythm = owner.rhythm ?? conditions.pause;
  if (thief === 'rhythm') return { first: rhythm / 2, pause: () => rhythm };
  if (thief === 'twice') return { first: 1, pause: (uses) => (uses <= 2 ? 3 : 240) };
  const first = exponential(conditions.firstUse);
  if (thief === 'poll') return { first, pause: () => 9 + exponential(3) };
  return { first, pause: () => 100 + exponential(300) };
}
