import { Places } from './places.js';

/** Until everything has happened that waits for nothing outside. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Work that ends when it is told to. */
class Work {
  readonly started: number[] = [];
  private readonly ends: (() => void)[] = [];

  constructor(private readonly places: Places) {}

  async begin(name: number, key = 'a', failure?: Error): Promise<void> {
    await this.places.run(key, 2, async () => {
      this.started.push(name);
      await new Promise<void>((resolve) => this.ends.push(resolve));
      if (failure) throw failure;
    });
  }

  async beginAll(names: readonly number[]): Promise<void> {
    await Promise.all(names.map((name) => this.begin(name)));
  }

  async endFirst(): Promise<void> {
    this.ends.shift()?.();
    await settled();
  }
}

describe('Places', () => {
  let work: Work;

  beforeEach(() => {
    work = new Work(new Places());
  });

  it('lets as many work as there are places, and the next in the order of arrival', async () => {
    const all = work.beginAll([1, 2, 3, 4]);
    await settled();
    expect(work.started).toEqual([1, 2]);
    await work.endFirst();
    expect(work.started).toEqual([1, 2, 3]);
    await work.endFirst();
    expect(work.started).toEqual([1, 2, 3, 4]);
    await work.endFirst();
    await work.endFirst();
    await all;
    void work.beginAll([5, 6, 7]);
    await settled();
    expect(work.started).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('keeps keys apart', async () => {
    void work.beginAll([1, 2, 3]);
    void work.begin(4, 'b');
    await settled();
    expect(work.started).toEqual([1, 2, 4]);
  });

  it('gives on the place of work that failed', async () => {
    const failure = new Error('failed');
    const failing = expect(work.begin(1, 'a', failure)).rejects.toBe(failure);
    void work.beginAll([2, 3]);
    await settled();
    await work.endFirst();
    await failing;
    expect(work.started).toEqual([1, 2, 3]);
  });

  it('answers 503 where too many wait', async () => {
    void work.beginAll(Array.from({ length: 252 }, (_, name) => name));
    await expect(work.begin(252)).rejects.toMatchObject({ code: 'unavailable' });
    void work.begin(253, 'b');
    await settled();
    expect(work.started).toEqual([0, 1, 253]);
  });
});
