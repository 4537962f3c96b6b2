/** Time between two trims of one node, ms. */
const PERIOD = 60_000;
/** How long a change is kept at least, ms: far longer than a node may be away and go on where it was. */
const KEPT = 300_000;

/** Everything below this transaction of a server has been read. */
export interface TrimMark {
  readonly server: string;
  readonly below: string;
}

/**
 * When a node trims the change table and how far: up to where its heartbeats stood some minutes ago. Times of rows do not
 * count: a transaction may commit long after its rows were written.
 */
export class TrimSchedule {
  private marks: (TrimMark & { readonly at: number })[] = [];
  private next = 0;

  /**
   * Notes how far everything had been read. Marks of another server count other transactions, and are forgotten.
   *
   * @param at - monotonic, ms
   */
  mark(at: number, { server, below }: TrimMark): void {
    const last = this.marks.at(-1);
    if (last?.server !== server) this.marks = [];
    else if (at - last.at < PERIOD) return;
    this.marks.push({ at, server, below });
  }

  /** Below which transaction to trim now, or null when it is not time. */
  due(at: number): string | null {
    if (at < this.next) return null;
    const old = this.marks.filter((mark) => at - mark.at >= KEPT).at(-1);
    if (old === undefined) return null;
    this.marks = this.marks.filter((mark) => mark.at >= old.at);
    this.next = at + PERIOD;
    return old.below;
  }

  /** Says that there is more to trim right away. */
  continue(): void {
    this.next = 0;
  }
}
