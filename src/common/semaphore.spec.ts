import { UnavailableError } from './errors.js';
import { KeyedSemaphore, Semaphore } from './semaphore.js';

/** A task that ends when the test says so, and that notes when it began. */
class Step {
  hasBegun = false;
  finish: () => void;
  fail: (error: Error) => void;
  readonly #end = new Promise<void>((resolve, reject) => {
    this.finish = resolve;
    this.fail = reject;
  });

  readonly task = async (): Promise<Step> => {
    this.hasBegun = true;
    await this.#end;
    return this;
  };
}

const begun = (list: Step[]) => list.map((step) => step.hasBegun);
const broken = () => {
  throw new Error('broken');
};
const settle = () => new Promise((resolve) => setImmediate(resolve));
const LIMITS = { waiting: 250, fullReason: 'test_queue_full' };
const make = (parallel: number, waiting: number) => new Semaphore({ ...LIMITS, parallel, waiting });

describe('Semaphore', () => {
  it('runs as many tasks at a time as allowed and the others in order of arrival', async () => {
    const semaphore = make(2, 10);
    const all = Array.from({ length: 5 }, () => new Step());
    const results = all.map((step) => semaphore.run(step.task));
    await settle();
    expect(begun(all)).toEqual([true, true, false, false, false]);
    all[1]?.finish();
    await settle();
    expect(begun(all)).toEqual([true, true, true, false, false]);
    all[0]?.finish();
    all[2]?.finish();
    await settle();
    expect(begun(all)).toEqual([true, true, true, true, true]);
    all[3]?.finish();
    all[4]?.finish();
    await expect(Promise.all(results)).resolves.toEqual(all);
  });

  it('turns a task away at once with 503 and Retry-After when the waiting places are taken', async () => {
    const semaphore = make(1, 2);
    const all = [new Step(), new Step(), new Step()];
    const results = all.map((step) => semaphore.run(step.task));
    const late = new Step();
    const error = await semaphore.run(late.task).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UnavailableError);
    expect(error).toMatchObject({
      code: 'unavailable',
      reason: 'test_queue_full',
      headers: { 'retry-after': '1' },
    });
    expect(error).toHaveProperty('status', 503);
    for (const step of all) step.finish();
    await Promise.all(results);
    expect(late.hasBegun).toBe(false);
  });

  it('takes tasks again after it was full', async () => {
    const semaphore = make(1, 0);
    const [first, second] = [new Step(), new Step()];
    const result = semaphore.run(first.task);
    await expect(semaphore.run(second.task)).rejects.toThrow(UnavailableError);
    first.finish();
    await result;
    second.finish();
    await expect(semaphore.run(second.task)).resolves.toBe(second);
  });

  it('gives the place of a failed task to the next one', async () => {
    const semaphore = make(1, 1);
    const [first, second] = [new Step(), new Step()];
    const results = [semaphore.run(first.task), semaphore.run(second.task)];
    first.fail(new Error('broken'));
    await expect(results[0]).rejects.toThrow('broken');
    second.finish();
    await expect(results[1]).resolves.toBe(second);
  });

  it('survives a task that throws before it gives a promise', async () => {
    const semaphore = make(1, 0);
    await expect(semaphore.run(broken)).rejects.toThrow('broken');
    await expect(semaphore.run(() => Promise.resolve(1))).resolves.toBe(1);
  });

  it.each([0, 1.5, Number.NaN])('does not accept %p at a time', (parallel) => {
    expect(() => make(parallel, 1)).toThrow(RangeError);
  });
});

/** Work for each key that ends when it is told to. */
class Work {
  readonly started: number[] = [];
  private readonly ends: (() => void)[] = [];
  private readonly semaphore = new KeyedSemaphore(LIMITS);

  async begin(name: number, key = 'a', failure?: Error): Promise<void> {
    await this.semaphore.run(key, 2, async () => {
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
    await settle();
  }
}

describe('KeyedSemaphore', () => {
  let work: Work;

  beforeEach(() => {
    work = new Work();
  });

  it('lets as many work as there are places, and the next in the order of arrival', async () => {
    const all = work.beginAll([1, 2, 3, 4]);
    await settle();
    expect(work.started).toEqual([1, 2]);
    await work.endFirst();
    expect(work.started).toEqual([1, 2, 3]);
    await work.endFirst();
    expect(work.started).toEqual([1, 2, 3, 4]);
    await work.endFirst();
    await work.endFirst();
    await all;
    void work.beginAll([5, 6, 7]);
    await settle();
    expect(work.started).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('keeps keys apart', async () => {
    void work.beginAll([1, 2, 3]);
    void work.begin(4, 'b');
    await settle();
    expect(work.started).toEqual([1, 2, 4]);
  });

  it('passes the place of failed work on', async () => {
    const failure = new Error('failed');
    const failing = expect(work.begin(1, 'a', failure)).rejects.toBe(failure);
    void work.beginAll([2, 3]);
    await settle();
    await work.endFirst();
    await failing;
    expect(work.started).toEqual([1, 2, 3]);
  });

  it('answers 503 where too many wait', async () => {
    void work.beginAll(Array.from({ length: 252 }, (_, name) => name));
    await expect(work.begin(252)).rejects.toMatchObject({ code: 'unavailable' });
    void work.begin(253, 'b');
    await settle();
    expect(work.started).toEqual([0, 1, 253]);
  });

  it('forgets a key that has no work left', async () => {
    void work.beginAll([1, 2, 3]);
    for (let count = 0; count < 3; count++) {
      await settle();
      await work.endFirst();
    }
    const { semaphores } = (work as unknown as { semaphore: { semaphores: Map<string, unknown> } })
      .semaphore;
    expect(semaphores.size).toBe(0);
  });
});
