import {
  Inject,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { Clock } from './clock.js';

/**
 * Work that is done again and again, at the same times on every node of a server or host. One that must be done by one
 * node at a time takes an advisory lock.
 */
export abstract class RepeatedTask implements OnApplicationBootstrap, BeforeApplicationShutdown {
  /** What it is called in the log: the subject of a sentence. */
  protected abstract readonly title: string;
  /** From one run to the next, ms. */
  protected abstract readonly every: number;
  /** The first run of a day, ms after midnight UTC. */
  protected abstract readonly offset: number;
  protected readonly logger = new Logger(this.constructor.name);

  @Inject(Clock) private readonly clock: Clock;
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;

  /** Once, now. Errors are logged: the next run tries again. */
  async run(): Promise<void> {
    try {
      await this.work();
    } catch (error) {
      this.logger.error(
        `${this.title} failed and will be tried again`,
        error instanceof Error ? error.stack : undefined,
      );
    }
  }

  onApplicationBootstrap(): void {
    const wait = this.every - ((this.clock.now() - this.offset) % this.every);
    const begin = (): void => {
      // A host that has nothing else to do may end.
      this.timer = setInterval(() => this.start(), this.every).unref();
      this.start();
    };
    this.timer = setTimeout(begin, wait).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  /** The work of one run. */
  protected abstract work(): Promise<void>;

  /** Not while a run is still going on. */
  private start(): void {
    this.running ??= this.run().finally(() => {
      this.running = undefined;
    });
  }
}
