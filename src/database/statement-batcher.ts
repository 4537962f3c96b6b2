import { databaseFault } from '../common/database-fault.js';
import { UnavailableError } from '../common/errors.js';

/** Statements of one kind that run at once. While they do, questions are collected for the next one. */
const CONCURRENCY = 2;
/** Questions in one statement at most. */
const LARGEST_BATCH = 64;
/** Questions that may wait. A database that keeps up never has so many. */
const MOST_WAITING = 2000;
/** How long a question may wait, ms: as long as one for a connection of the pool. */
const PATIENCE = 1500;

interface Waiting<Question, Answer> {
  readonly question: Question;
  /** On the monotonic clock, ms. */
  readonly since: number;
  readonly resolve: (answer: Answer | null) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Answers many callers by one statement: what is asked in one turn of the event loop, or while earlier statements are on
 * their way, shares the round trip and the commit. A question on its own does not wait.
 *
 * Where the database is away, the error goes to all who shared the statement. Any other error is one question's: then
 * each is asked alone. A question that has waited too long is refused and never executed, so that a database that comes
 * back works for callers who are still there.
 */
export class StatementBatcher<Question, Answer> {
  private waiting: Waiting<Question, Answer>[] = [];
  private running = 0;
  private isScheduled = false;

  /** @param execute - gives answers by the position of their question; a question without one is answered null */
  constructor(
    private readonly execute: (
      questions: readonly Question[],
    ) => Promise<ReadonlyMap<number, Answer | undefined>>,
  ) {}

  /** @throws UnavailableError when too many questions wait, or this one has waited too long */
  ask(question: Question): Promise<Answer | null> {
    if (this.waiting.length >= MOST_WAITING) {
      this.refuseOverdue();
      if (this.waiting.length >= MOST_WAITING) return Promise.reject(tooBusy());
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ question, since: performance.now(), resolve, reject });
      this.schedule();
    });
  }

  private schedule(): void {
    if (this.isScheduled || this.running >= CONCURRENCY) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      this.refuseOverdue();
      while (this.waiting.length > 0 && this.running < CONCURRENCY) {
        void this.run(this.waiting.splice(0, LARGEST_BATCH));
      }
    });
  }

  /** The questions that have waited longest come first. */
  private refuseOverdue(): void {
    const oldest = performance.now() - PATIENCE;
    const kept = this.waiting.findIndex(({ since }) => since >= oldest);
    const gone = this.waiting.splice(0, kept < 0 ? this.waiting.length : kept);
    for (const { reject } of gone) reject(tooBusy());
  }

  private async run(batch: readonly Waiting<Question, Answer>[]): Promise<void> {
    this.running += 1;
    try {
      await this.settle(batch);
    } finally {
      this.running -= 1;
      if (this.waiting.length > 0) this.schedule();
    }
  }

  private async settle(batch: readonly Waiting<Question, Answer>[]): Promise<void> {
    try {
      const answers = await this.execute(batch.map(({ question }) => question));
      batch.forEach(({ resolve }, position) => resolve(answers.get(position) ?? null));
    } catch (error) {
      const isShared = batch.length === 1 || databaseFault(error) !== null;
      if (isShared) for (const { reject } of batch) reject(error);
      else for (const one of batch) await this.settle([one]);
    }
  }
}

function tooBusy(): UnavailableError {
  return new UnavailableError('database_busy');
}
