import pg from 'pg';

type Callback = (error: Error | null, result?: unknown) => void;

/**
 * A connection that is given up once a query has timed out on it. pg leaves such a connection in use: behind a network
 * that swallows packets it would be handed out again and again, and each time cost a request its whole patience.
 */
export class ImpatientClient extends pg.Client {
  // pg declares a dozen overloads; all of them end in these three places.
  override query(...parameters: unknown[]): never {
    const callback = parameters.at(-1);
    if (typeof callback === 'function') {
      parameters[parameters.length - 1] = (error: Error | null, result?: unknown) => {
        this.giveUpAfter(error);
        (callback as Callback)(error, result);
      };
    }
    const run = pg.Client.prototype.query as (...args: unknown[]) => unknown;
    const running = run.apply(this, parameters);
    if (running instanceof Promise) running.catch((error: Error) => this.giveUpAfter(error));
    return running as never;
  }

  private giveUpAfter(error: Error | null): void {
    if (error?.message !== 'Query read timeout') return;
    const { stream } = (this as unknown as { connection: { stream: { destroy(): void } } }).connection;
    stream.destroy();
  }
}
