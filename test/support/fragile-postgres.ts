import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { startEmbeddedPostgres } from '../../src/embedded-postgres/embedded-postgres.js';
import { query } from './databases.js';
import { temporaryFolder } from './test-postgres.js';

/** A Postgres of its own, made to fail. */
export interface FragilePostgres {
  readonly url: string;
  /** Ends it as an operator does; its port stays free for it. */
  readonly stop: () => Promise<void>;
  readonly start: () => Promise<void>;
  /** Stops every one of its processes in the middle of what it does. */
  readonly freeze: () => Promise<void>;
  readonly thaw: () => void;
  /** Ends every connection of the servers under test. */
  readonly terminateConnections: () => Promise<void>;
  /** Runs a statement in a transaction and keeps that open. Returns its end. */
  readonly hold: (sql: string) => Promise<() => Promise<void>>;
  /** Stops it for good and removes its folder. */
  readonly remove: () => Promise<void>;
}

/** Starts an embedded Postgres that nobody else uses. */
export async function startFragilePostgres(): Promise<FragilePostgres> {
  const folder = temporaryFolder();
  const dataDir = join(folder, 'data');
  let postgres = await startEmbeddedPostgres({ dataDir, forTests: true });
  const { url } = postgres;
  const port = Number(new URL(url).port);
  let frozen: number[] = [];

  const thaw = (): void => {
    for (const pid of frozen) signal(pid, 'SIGCONT');
    frozen = [];
  };
  return {
    url,
    stop: () => postgres.stop(),
    start: async () => {
      postgres = await startEmbeddedPostgres({ dataDir, forTests: true, port });
    },
    freeze: async () => {
      const client = new Client({ connectionString: url });
      // It cannot say farewell to a server that is frozen.
      client.on('error', () => undefined);
      await client.connect();
      const postmaster = Number(
        readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n', 1)[0],
      );
      frozen.push(postmaster);
      // First: from here on no process is born that the list would lack.
      signal(postmaster, 'SIGSTOP');
      const { rows } = await client.query<{ pid: number }>('SELECT pid FROM pg_stat_activity');
      frozen.push(...rows.map(({ pid }) => pid));
      for (const pid of frozen) signal(pid, 'SIGSTOP');
      (
        client as unknown as { connection: { stream: { destroy(): void } } }
      ).connection.stream.destroy();
    },
    thaw,
    terminateConnections: async () => {
      await query(
        url,
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE starts_with(application_name, 'nest-simplejwt')`,
      );
    },
    hold: async (sql) => {
      const client = new Client({ connectionString: url });
      await client.connect();
      await client.query('BEGIN');
      await client.query(sql);
      return () => client.end();
    },
    remove: async () => {
      thaw();
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A connection may have ended since it was listed. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
