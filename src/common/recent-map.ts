/**
 * Remembers the entries that were set last: at least so many as its capacity, at most twice as many. The oldest leave a
 * whole map at a time: a Map whose first entries were deleted one by one has to step over the holes.
 */
export class RecentMap<Key, Value> {
  private newer = new Map<Key, Value>();
  private older: ReadonlyMap<Key, Value> = new Map();

  constructor(private readonly capacity: number) {}

  get(key: Key): Value | undefined {
    return this.newer.get(key) ?? this.older.get(key);
  }

  set(key: Key, value: Value): void {
    if (this.newer.size >= this.capacity) {
      this.older = this.newer;
      this.newer = new Map();
    }
    this.newer.set(key, value);
  }
}
