/** Statements of one kind that run at once. While they do, what is asked is gathered for the next one. */
const CONCURRENCY = 2;
/** Questions in one statement at most. */
const LARGEST_BATCH = 64;

interface Waiting<Question, Answer> {
  readonly question: Question;
  readonly resolve: (answer: Answer | null) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Answers many callers by one statement: what is asked in one turn of the event loop, or while the statements before are
 * on their way, shares the round trip and the commit. A question on its own does not wait. An error is everybody's who
 * shared the statement, so no question may contain what the statement could fail for.
 */
export class Gathered<Question, Answer> {
  private waiting: Waiting<Question, Answer>[] = [];
  private running = 0;
  private isScheduled = false;

  /**
   * @param execute - gives answers by the position of their question; what is missing is answered null
   */
  constructor(
    private readonly execute: (
      questions: readonly Question[],
    ) => Promise<ReadonlyMap<number, Answer | undefined>>,
  ) {}

  ask(question: Question): Promise<Answer | null> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ question, resolve, reject });
      this.schedule();
    });
  }

  private schedule(): void {
    if (this.isScheduled || this.running >= CONCURRENCY) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      while (this.waiting.length > 0 && this.running < CONCURRENCY) {
        void this.run(this.waiting.splice(0, LARGEST_BATCH));
      }
    });
  }

  private async run(batch: readonly Waiting<Question, Answer>[]): Promise<void> {
    this.running += 1;
    try {
      const answers = await this.execute(batch.map(({ question }) => question));
      batch.forEach(({ resolve }, position) => resolve(answers.get(position) ?? null));
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      this.running -= 1;
      if (this.waiting.length > 0) this.schedule();
    }
  }
}
