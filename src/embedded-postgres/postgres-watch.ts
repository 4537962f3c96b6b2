import type { ClusterOptions } from './postgres-cluster.js';
import { type Postmaster, findServer, isServing, startServer } from './postgres-server.js';

/** Interval between two checks of the server's process, ms. */
const INTERVAL = 500;
/** How long one start may take, ms. */
const TIME_LIMIT = 30_000;

/** What a watch reports. */
export interface WatchEvents {
  readonly onRestart: (server: Postmaster) => void;
  readonly warn: (line: string) => void;
}

/**
 * Restarts a server that has died, on the same port, which is in the address that its clients have. A start that fails,
 * for example because another program has taken the port, is repeated. The watch does not keep this process alive.
 */
export function watchServer(
  cluster: ClusterOptions,
  server: Postmaster,
  { onRestart, warn }: WatchEvents,
): { readonly end: () => Promise<void> } {
  const { dataDirectory } = cluster;
  const { port } = server;
  let { pid } = server;
  let reviving: Promise<void> | null = null;
  /** The last failure that was reported, so that each is reported once. */
  let told = '';
  const revive = async (): Promise<void> => {
    if (told === '') warn(`The embedded database (pid ${pid}) has died; it is started again`);
    try {
      const deadline = performance.now() + TIME_LIMIT;
      // An operator may have started it by hand.
      const found = await findServer(dataDirectory, deadline);
      const next = found?.port === port ? found : await startServer({ ...cluster, port }, deadline);
      ({ pid } = next);
      onRestart(next);
      if (told !== '') warn(`The embedded database runs again (pid ${pid})`);
      told = '';
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (reason !== told) warn(reason);
      told = reason;
    }
  };
  const timer = setInterval(() => {
    if (reviving !== null || isServing(dataDirectory, pid)) return;
    reviving = revive().finally(() => {
      reviving = null;
    });
  }, INTERVAL).unref();
  return {
    end: async () => {
      clearInterval(timer);
      await reviving;
    },
  };
}
