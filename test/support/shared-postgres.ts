import { once } from 'node:events';
import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../../src/embedded-postgres/embedded-postgres.js';
import { preparePostgresPrograms } from '../../src/embedded-postgres/postgres-binaries.js';
import { clusterPath } from '../../src/embedded-postgres/postgres-cluster.js';
import { query } from './databases.js';
import { temporaryFolder } from './test-postgres.js';

const GUEST = 'guest';
const PASSWORD = 'the-password-of-the-guest';

/** A Postgres of its own that the servers under test share with a stranger. */
export interface SharedPostgres {
  /** The address for the servers' role, which owns the databases. */
  readonly url: string;
  /** The same database for a role that may connect and was granted nothing else. */
  readonly asGuest: (url: string) => string;
  /** Makes an empty database of the servers' role. */
  readonly createDatabase: (name: string, options?: string) => Promise<string>;
  readonly stop: () => Promise<void>;
}

/** Starts it. The role of the embedded server may not make others, so the guest is made while nobody is connected. */
export async function startSharedPostgres(): Promise<SharedPostgres> {
  const folder = temporaryFolder();
  const dataDir = join(folder, 'data');
  await startEmbeddedPostgres({ dataDir, forTests: true }).then((made) => made.stop());
  const cluster = clusterPath(dataDir);
  const maker = preparePostgresPrograms(dataDir).spawn(
    'postgres',
    ['--single', '-D', cluster, '-c', 'exit_on_error=on', 'postgres'],
    { stdio: ['pipe', 'ignore', 'ignore'] },
  );
  maker.stdin?.end(`CREATE ROLE ${GUEST} LOGIN PASSWORD '${PASSWORD}'\n`);
  await once(maker, 'close');
  appendFileSync(join(cluster, 'pg_hba.conf'), `host all ${GUEST} 127.0.0.1/32 scram-sha-256\n`);
  const postgres = await startEmbeddedPostgres({ dataDir, forTests: true });
  return {
    url: postgres.url,
    asGuest: (address) => {
      const url = new URL(address);
      url.username = GUEST;
      url.password = PASSWORD;
      return url.href;
    },
    createDatabase: async (name, options = '') => {
      await query(postgres.url, `CREATE DATABASE ${name} TEMPLATE template0 ${options}`);
      const url = new URL(postgres.url);
      url.pathname = `/${name}`;
      return url.href;
    },
    stop: async () => {
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
