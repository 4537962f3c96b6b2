import type { HonestScenario } from './conditions.js';
import type { Reply, Sender, World } from './world.js';

/** The user agent of the honest client. */
export const BROWSER = 'browser';
/** The network that it logs in from. */
export const FIRST_NETWORK = 'n0';

/** As which the server sees it behind a proxy that it does not know. */
const BEHIND_PROXY = { userAgent: BROWSER, network: null } as const;

/** Refusals in a row, with nothing newer in the store, after which a tab that gives up does so. */
const REFUSALS = 3;

interface Tab {
  isBusy: boolean;
  refusals: number;
}

/** A browser whose tabs share one store, and which is carried from network to network. */
export class HonestClient {
  /** The generation of the refresh token in the store. */
  store = 0;
  network = FIRST_NETWORK;
  /** Whether it has signed out by itself, though the session lived. */
  hasLeft = false;
  /** Whether it has learnt that the session ended. */
  isLoggedOut = false;
  /** Refusals that its tabs saw while the session lived. */
  refusals = 0;
  readonly #world: World;
  readonly #scenario: HonestScenario;

  constructor(world: World, scenario: HonestScenario) {
    this.#world = world;
    this.#scenario = scenario;
    for (let tab = 0; tab < scenario.tabs; tab += 1) this.#open({ isBusy: false, refusals: 0 });
    if (world.conditions.moves < Infinity) this.#planMove();
  }

  #open(tab: Tab) {
    const { exponential, chance } = this.#world.random;
    const { hurried, pause } = this.#world.conditions;
    const { rhythm } = this.#scenario;
    const interval = () => {
      if (rhythm !== undefined) return rhythm * (0.98 + 0.04 * this.#world.random.uniform());
      return chance(hurried) ? 0.01 + exponential(1) : pause + exponential(pause);
    };
    const loop = () => {
      this.#refresh(tab);
      this.#world.after(interval(), loop);
    };
    this.#world.after(exponential(5), loop);
  }

  #refresh(tab: Tab) {
    if (tab.isBusy || this.hasLeft || this.isLoggedOut) return;
    tab.isBusy = true;
    const generation = this.store;
    const { chance, exponential } = this.#world.random;
    const held = this.#scenario.sloppy && chance(0.02) ? exponential(5) : 0;
    this.#world.after(held, () => {
      this.#world.send(this.#sender(), generation, (reply) => {
        tab.isBusy = false;
        const pause = this.#take(reply, tab, generation);
        if (pause !== null) this.#world.after(pause, () => this.#refresh(tab));
      });
    });
  }

  #sender(): Sender {
    if (this.#scenario.unknownNetwork === 'everybody')
      return { sender: 'tab', client: BEHIND_PROXY };
    const isSecondStack = this.#world.conditions.dualStack && this.#world.random.chance(0.5);
    const network = isSecondStack ? `${this.network}v6` : this.network;
    return { sender: 'tab', client: { userAgent: BROWSER, network } };
  }

  /** What a tab does with a reply. @returns seconds until it tries again with what the store has by then, or null */
  #take(reply: Reply, tab: Tab, presented: number): number | null {
    if (reply === 'nothing') return this.#world.random.exponential(2);
    if (reply === null) return this.#takeRefusal(tab, presented);
    tab.refusals = 0;
    this.store = this.#scenario.plain ? reply : Math.max(this.store, reply);
    return null;
  }

  #takeRefusal(tab: Tab, presented: number): number | null {
    if (this.#world.ended) {
      this.isLoggedOut = true;
      return null;
    }
    this.refusals += 1;
    const { plain, givesUp } = this.#scenario;
    const isNews = this.store !== presented;
    tab.refusals = isNews ? 0 : tab.refusals + 1;
    if ((plain && !isNews) || (givesUp && tab.refusals === REFUSALS)) {
      this.hasLeft = true;
      if (givesUp === 'blacklists what it holds') this.#world.blacklist();
      return null;
    }
    if (plain) return 0.1;
    return givesUp ? 0.3 : this.#world.random.exponential(2);
  }

  #planMove() {
    this.#world.after(this.#world.random.exponential(this.#world.conditions.moves), () => {
      this.network = `n${Math.floor(this.#world.random.uniform() * 1e6)}`;
      this.#planMove();
    });
  }
}
