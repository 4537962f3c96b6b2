import { UnavailableError } from '../common/errors.js';
import { BoundedQueue } from './bounded-queue.js';

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
const makeQueue = (parallel: number, waiting: number) =>
  new BoundedQueue({ parallel, waiting, fullReason: 'test_queue_full' });

describe('BoundedQueue', () => {
  it('runs as many tasks at a time as allowed and the others in order of arrival', async () => {
    const queue = makeQueue(2, 10);
    const all = Array.from({ length: 5 }, () => new Step());
    const results = all.map((step) => queue.run(step.task));
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
    const queue = makeQueue(1, 2);
    const all = [new Step(), new Step(), new Step()];
    const results = all.map((step) => queue.run(step.task));
    const late = new Step();
    const error = await queue.run(late.task).catch((reason: unknown) => reason);
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
    const queue = makeQueue(1, 0);
    const [first, second] = [new Step(), new Step()];
    const result = queue.run(first.task);
    await expect(queue.run(second.task)).rejects.toThrow(UnavailableError);
    first.finish();
    await result;
    second.finish();
    await expect(queue.run(second.task)).resolves.toBe(second);
  });

  it('gives the place of a failed task to the next one', async () => {
    const queue = makeQueue(1, 1);
    const [first, second] = [new Step(), new Step()];
    const results = [queue.run(first.task), queue.run(second.task)];
    first.fail(new Error('broken'));
    await expect(results[0]).rejects.toThrow('broken');
    second.finish();
    await expect(results[1]).resolves.toBe(second);
  });

  it('survives a task that throws before it gives a promise', async () => {
    const queue = makeQueue(1, 0);
    await expect(queue.run(broken)).rejects.toThrow('broken');
    await expect(queue.run(() => Promise.resolve(1))).resolves.toBe(1);
  });

  it('frees the waiting place of a caller that gave up, and never runs its task', async () => {
    const queue = makeQueue(1, 2);
    const [first, quitter] = [new Step(), new Step()];
    const [patient, newcomer] = [new Step(), new Step()];
    const client = new AbortController();
    const results = [queue.run(first.task)];
    const abandoned = queue.run(quitter.task, client.signal);
    results.push(queue.run(patient.task));
    client.abort();
    await expect(abandoned).rejects.toMatchObject({ reason: 'request_aborted' });
    results.push(queue.run(newcomer.task));
    for (const step of [first, patient, newcomer]) step.finish();
    await expect(Promise.all(results)).resolves.toEqual([first, patient, newcomer]);
    expect(quitter.hasBegun).toBe(false);
  });

  it('refuses a caller that had given up before it came', async () => {
    const step = new Step();
    await expect(makeQueue(1, 1).run(step.task, AbortSignal.abort())).rejects.toThrow(
      UnavailableError,
    );
    expect(step.hasBegun).toBe(false);
  });

  it('lets a task that has begun go on when its caller gives up', async () => {
    const queue = makeQueue(1, 1);
    const [first, second] = [new Step(), new Step()];
    const client = new AbortController();
    const results = [queue.run(first.task), queue.run(second.task, client.signal)];
    first.finish();
    await results[0];
    await settle();
    client.abort();
    second.finish();
    await expect(results[1]).resolves.toBe(second);
    await expect(queue.run(() => Promise.resolve(1))).resolves.toBe(1);
  });

  it.each([
    [0, 1],
    [1.5, 1],
    [Number.NaN, 1],
    [1, -1],
    [1, 0.5],
  ])('does not accept %p at a time and %p waiting', (parallel, waiting) => {
    expect(() => makeQueue(parallel, waiting)).toThrow(RangeError);
  });
});
