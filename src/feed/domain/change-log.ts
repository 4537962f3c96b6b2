/** Keys that are remembered at most. */
const CAPACITY = 10_000;

/**
 * Which keys have changed lately, for as long as a fill is under way: it asks at its end what came since its start.
 * Bounded: a key that it no longer remembers counts as changed.
 */
export class ChangeLog {
  private readonly last = new Map<string, number>();
  private sequence = 0;
  /** A fill that started before this counts as overtaken. */
  private floor = 0;
  private readers = 0;

  /** Starts a fill. Each `open` needs its `close`. */
  open(): number {
    this.readers++;
    return this.sequence;
  }

  /** Ends a fill; with the last one the log is empty. */
  close(): void {
    this.readers--;
    if (this.readers === 0) this.last.clear();
  }

  /** Notes the change of a key. */
  record(key: string): void {
    if (this.readers === 0) return;
    this.last.set(key, ++this.sequence);
    if (this.last.size > CAPACITY) this.recordEverything();
  }

  /** Notes that everything may have changed. */
  recordEverything(): void {
    this.floor = ++this.sequence;
    this.last.clear();
  }

  /** Whether none of these keys has changed since a fill started. */
  isUnchanged(keys: readonly string[], start: number): boolean {
    return start >= this.floor && keys.every((key) => (this.last.get(key) ?? 0) <= start);
  }
}
