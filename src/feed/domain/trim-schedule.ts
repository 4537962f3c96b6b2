/** Time between two trims of one node, ms. */
const PERIOD = 60_000;
/** How long a change is kept at least, ms: a node that was away for less goes on where it was. */
const KEPT = 300_000;

/**
 * When a node trims the change table and how far. It goes by where the node's own heartbeats stood some minutes ago, not
 * by times of rows: a transaction may commit long after its rows were written.
 */
export class TrimSchedule {
  private marks: { readonly at: number; readonly below: string }[] = [];
  private next = 0;

  /** Forgets all marks: they count the transactions of another history. */
  restart(): void {
    this.marks = [];
  }

  /**
   * Notes that everything below a transaction had been read.
   *
   * @param at - monotonic, ms
   */
  mark(at: number, below: string): void {
    const last = this.marks.at(-1);
    if (last === undefined || at - last.at >= PERIOD) this.marks.push({ at, below });
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
