interface Event {
  readonly at: number;
  readonly happen: () => void;
}

/** A heap of events as a tree: none is later than the ones below it. */
interface Heap {
  readonly event: Event;
  left: Heap | null;
  right: Heap | null;
}

/** Merges two heaps and swaps the branches on the way, which keeps them short (a skew heap). */
function merge(one: Heap | null, other: Heap | null): Heap | null {
  if (one === null) return other;
  if (other === null) return one;
  const [first, second] = one.event.at <= other.event.at ? [one, other] : [other, one];
  [first.left, first.right] = [merge(first.right, second), first.left];
  return first;
}

/** What is going to happen, earliest first: simulated time jumps from one event to the next. */
export class EventQueue {
  /** Simulated seconds since the start. */
  now = 0;
  #heap: Heap | null = null;

  /** Lets something happen `delay` seconds from now. */
  after(delay: number, happen: () => void): void {
    const event = { at: this.now + delay, happen };
    this.#heap = merge(this.#heap, { event, left: null, right: null });
  }

  /** Moves on to the next event. @returns false if nothing is left */
  step(): boolean {
    if (this.#heap === null) return false;
    const { event, left, right } = this.#heap;
    this.#heap = merge(left, right);
    this.now = event.at;
    event.happen();
    return true;
  }
}
