import { FakeClock } from '../../test/support/fake-clock.js';
import { RingReader } from './ring-reader.js';

/** A database whose answers come when the test says so, and a feed that is fresh or not. */
class World {
  isFeedFresh = true;
  readonly begun: number[] = [];
  readonly clock = new FakeClock();
  private readonly open: { resolve: () => void; reject: (error: Error) => void }[] = [];
  readonly reader = new RingReader(
    () =>
      new Promise<void>((resolve, reject) => {
        this.begun.push(performance.now());
        this.open.push({ resolve, reject });
      }),
    { isFresh: () => this.isFeedFresh },
    this.clock,
  );

  /** Ends the oldest read, and lets those who waited go on. */
  async answer(error?: Error): Promise<void> {
    const read = this.open.shift()!;
    if (error) read.reject(error);
    else read.resolve();
    await new Promise(setImmediate);
  }

  async start(): Promise<void> {
    const reading = this.reader.catchUp();
    await this.answer();
    await reading;
  }
}

/** Whether a promise has settled by now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let isDone = false;
  const note = (): void => {
    isDone = true;
  };
  promise.then(note, note);
  await new Promise(setImmediate);
  return isDone;
}

describe('what was read of the ring', () => {
  let world: World;

  beforeEach(() => {
    world = new World();
  });

  it('counts from the first answer on, until a change is heard', async () => {
    const { reader } = world;
    expect([reader.hasRead, reader.isCurrent()]).toEqual([false, false]);
    await world.start();
    expect([reader.hasRead, reader.isCurrent()]).toEqual([true, true]);
    reader.noteChange();
    expect([reader.hasRead, reader.isCurrent()]).toEqual([true, false]);
  });

  it('does not count when a change was heard during the read, and is read again', async () => {
    const { reader } = world;
    const catching = reader.catchUp();
    reader.noteChange();
    await world.answer();
    expect(reader.isCurrent()).toBe(false);
    expect(await isSettled(catching)).toBe(false);
    await world.answer();
    expect(await isSettled(catching)).toBe(true);
    expect(reader.isCurrent()).toBe(true);
  });

  it('counts for 800 ms without the feed, on both clocks', async () => {
    const { reader, clock } = world;
    await world.start();
    world.isFeedFresh = false;
    expect(reader.isCurrent()).toBe(true);
    clock.advance(0.801);
    expect(reader.isCurrent()).toBe(false);
    world.isFeedFresh = true;
    expect(reader.isCurrent()).toBe(true);
  });

  it('is waited for by who needs it, in one read for all', async () => {
    const { reader } = world;
    const waiting = Promise.all([reader.settle(), reader.settle(), reader.settle()]);
    await world.answer();
    await waiting;
    expect(world.begun).toHaveLength(1);
    await reader.settle();
    expect(world.begun).toHaveLength(1);
  });

  it('is not what a read found that began before it was asked for', async () => {
    const { reader } = world;
    await world.start();
    reader.noteChange();
    const first = reader.settle();
    reader.noteChange();
    const second = reader.settle();
    await world.answer();
    expect(await isSettled(second)).toBe(false);
    await world.answer();
    await Promise.all([first, second]);
    expect(world.begun).toHaveLength(3);
  });

  it('is nothing when the database is away: who waits is told, and the next one asks again', async () => {
    const { reader } = world;
    const refused = expect(reader.settle()).rejects.toThrow('away');
    await world.answer(new Error('away'));
    await refused;
    expect(reader.hasRead).toBe(false);
    const later = reader.settle();
    await world.answer();
    await expect(later).resolves.toBeUndefined();
  });
});

describe('a read for an unknown key', () => {
  beforeEach(() => jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick'] }));
  afterEach(() => jest.useRealTimers());

  it('is one for all who come within a second, and begins after all of them came', async () => {
    const world = new World();
    await world.start();
    const asked: number[] = [];
    const waiting: Promise<void>[] = [];
    for (let call = 0; call < 20; call++) {
      asked.push(performance.now());
      waiting.push(world.reader.readAnew());
      jest.advanceTimersByTime(40);
    }
    expect(world.begun).toHaveLength(1);
    jest.advanceTimersByTime(200);
    await new Promise(setImmediate);
    await world.answer();
    await Promise.all(waiting);
    expect(world.begun).toHaveLength(2);
    const [start = Number.NaN, again = Number.NaN] = world.begun;
    expect(again).toBeGreaterThanOrEqual(Math.max(...asked));
    expect(again - start).toBeGreaterThanOrEqual(1000);
  });

  it('is another one for who comes after it began', async () => {
    const world = new World();
    await world.start();
    const first = world.reader.readAnew();
    await jest.advanceTimersByTimeAsync(1000);
    const second = world.reader.readAnew();
    await world.answer();
    await first;
    expect(await isSettled(second)).toBe(false);
    await jest.advanceTimersByTimeAsync(1000);
    await world.answer();
    await second;
    expect(world.begun).toHaveLength(3);
  });
});
