import { StatementBatcher } from './statement-batcher.js';

/** A database that answers when it is told to. */
class SlowDatabase {
  readonly batches: (readonly number[])[] = [];
  private readonly pending: ((error?: Error) => void)[] = [];

  readonly execute = (questions: readonly number[]): Promise<ReadonlyMap<number, string>> => {
    this.batches.push(questions);
    return new Promise((resolve, reject) => {
      this.pending.push((error) => {
        if (error) reject(error);
        else resolve(new Map(questions.map((question, n) => [n, `answer ${question}`])));
      });
    });
  };

  /** Settles what is on its way. */
  answer(error?: Error): void {
    for (const settle of this.pending.splice(0)) settle(error);
  }
}

/** What is scheduled in this turn of the event loop has happened. */
const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(() => setImmediate(resolve));
  });

const reasonsOf = async (asked: readonly Promise<unknown>[]): Promise<unknown[]> =>
  (await Promise.allSettled(asked)).map((one) =>
    one.status === 'rejected' ? (one.reason as { reason?: string }).reason : one.value,
  );

describe('questions that share a statement', () => {
  let database: SlowDatabase;
  let batcher: StatementBatcher<number, string>;

  beforeEach(() => {
    database = new SlowDatabase();
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick'] });
    batcher = new StatementBatcher(database.execute);
  });

  afterEach(() => jest.useRealTimers());

  const ask = (from: number, count: number): Promise<string | null>[] =>
    Array.from({ length: count }, (_, n) => batcher.ask(from + n));

  it('share a statement, and two statements run at once', async () => {
    const first = ask(0, 3);
    await nextTurn();
    const second = ask(10, 1);
    await nextTurn();
    const third = ask(20, 100);
    await nextTurn();
    expect(database.batches).toEqual([[0, 1, 2], [10]]);
    database.answer();
    await Promise.all([...first, ...second]);
    await nextTurn();
    expect(database.batches.map(({ length }) => length)).toEqual([3, 1, 64, 36]);
    database.answer();
    await expect(third[99]).resolves.toBe('answer 119');
  });

  it('are refused when they have waited too long, and never executed', async () => {
    const running = [...ask(0, 64), ...ask(100, 64)];
    await nextTurn();
    const late = reasonsOf(ask(200, 5));
    jest.advanceTimersByTime(1000);
    const patient = ask(300, 5);
    jest.advanceTimersByTime(600);
    database.answer();
    await Promise.all(running);
    await nextTurn();
    expect(await late).toEqual(Array(5).fill('database_busy'));
    expect(database.batches.at(-1)).toEqual([300, 301, 302, 303, 304]);
    database.answer();
    await Promise.all(patient);
  });

  it('are refused at once when too many wait', async () => {
    const running = ask(0, 128);
    await nextTurn();
    const waiting = reasonsOf(ask(1000, 2000));
    expect(await reasonsOf(ask(5000, 1))).toEqual(['database_busy']);
    jest.advanceTimersByTime(2000);
    const [fresh] = ask(6000, 1);
    database.answer();
    await Promise.all(running);
    await nextTurn();
    expect(new Set(await waiting)).toEqual(new Set(['database_busy']));
    database.answer();
    await expect(fresh).resolves.toBe('answer 6000');
  });

  it('fail together where the database is away', async () => {
    const asked = ask(0, 3);
    const outcome = Promise.allSettled(asked);
    await nextTurn();
    database.answer(Object.assign(new Error('starting up'), { code: '57P03' }));
    expect((await outcome).map(({ status }) => status)).toEqual(Array(3).fill('rejected'));
    expect(database.batches).toHaveLength(1);
  });

  it('do not fail for what another one of them has caused', async () => {
    const bad = Object.assign(new Error('no integer'), { code: '22P02' });
    const picky = new StatementBatcher<number, string>((questions) =>
      questions.includes(13)
        ? Promise.reject(bad)
        : Promise.resolve(new Map(questions.map((question, n) => [n, `answer ${question}`]))),
    );
    const outcome = await Promise.allSettled([12, 13, 14].map((question) => picky.ask(question)));
    expect(outcome).toEqual([
      { status: 'fulfilled', value: 'answer 12' },
      { status: 'rejected', reason: bad },
      { status: 'fulfilled', value: 'answer 14' },
    ]);
  });
});
