import type { Pair } from './client.js';
import { KeepAliveClient } from './keep-alive-client.js';

/** Somebody who refreshes without a pause and keeps what was answered. */
export class Visitor {
  /** Answers with status 200. */
  answered = 0;
  /** Everything else but refused connections: what a user would notice. */
  readonly failures: string[] = [];
  private readonly clients: KeepAliveClient[];

  constructor(
    urls: readonly string[],
    private pair: Pair,
  ) {
    this.clients = urls.map((url) => new KeepAliveClient(url));
  }

  /** One request to the first server that accepts connections. False when none does. */
  async step(): Promise<boolean> {
    for (const visited of this.clients) {
      try {
        await this.refreshAndShow(visited);
        return true;
      } catch (error) {
        const { code = String(error) } = error as NodeJS.ErrnoException;
        if (code === 'ECONNREFUSED') continue;
        this.failures.push(code);
        return true;
      }
    }
    return false;
  }

  close(): void {
    for (const visited of this.clients) visited.close();
  }

  private async refreshAndShow(visited: KeepAliveClient): Promise<void> {
    const refreshed = await visited.refresh(this.pair.refresh);
    if (refreshed.status === 200) this.pair = refreshed.body;
    const shown = await visited.me(this.pair.access);
    for (const { status } of [refreshed, shown]) {
      if (status === 200) this.answered += 1;
      else this.failures.push(String(status));
    }
  }
}
