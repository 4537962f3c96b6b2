import type { ClusterOptions } from './postgres-cluster.js';
import { type Postmaster, findServer, isServing, startServer } from './postgres-server.js';

/** Between two looks for the server's process, ms. */
const INTERVAL = 500;
/** How long one start may take, ms. */
const TIME_LIMIT = 30_000;

/** What a watch tells. */
export interface WatchEvents {
  readonly onRestart: (server: Postmaster) => void;
  readonly warn: (line: string) => void;
}

/**
 * Starts a server that has died again, on its port, since that is what everybody knows; as often as it takes, also while
 * another program has the port. Keeps no process alive.
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
  /** The last failure told, so that each is told once. */
  let told = '';
  const revive = async (): Promise<void> => {
    if (told === '') warn(`The embedded database (pid ${pid}) has died; it is started again`);
    try {
      const deadline = performance.now() + TIME_LIMIT;
      // Somebody may have started it by hand.
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
