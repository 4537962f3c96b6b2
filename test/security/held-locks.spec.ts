import { Client } from 'pg';
import { dataSourceOptions, withDataSource } from '../../src/server/data-source.js';
import { tryWithAdvisoryLock, withAdvisoryLock } from '../../src/database/advisory-lock.js';
import { migrate } from '../../src/database/migrate.js';
import { spawnServer } from '../support/process.js';
import { startSharedPostgres, type SharedPostgres } from '../support/shared-postgres.js';
import { SIGNING_KEY } from '../support/tokens.js';
import { within } from '../support/within.js';

jest.setTimeout(60_000);

/** Keys of `advisory-lock.ts`. */
const MIGRATE = 7_261_905_201;
const FLUSH = 7_261_905_202;

/** Advisory locks belong to nobody: whoever may connect to the database can take ours, and keep them. */
describe('a stranger in the database who holds our locks', () => {
  let postgres: SharedPostgres;
  const held: Client[] = [];

  beforeAll(async () => {
    postgres = await startSharedPostgres();
  });

  afterEach(async () => {
    for (const client of held.splice(0)) await client.end();
  });

  afterAll(() => postgres.stop());

  /** @returns the stranger's connection; its end gives the lock back */
  async function hold(url: string, key: number): Promise<Client> {
    const client = new Client({ connectionString: url, application_name: 'lock"er' });
    await client.connect();
    await client.query('SELECT pg_advisory_lock($1)', [key]);
    held.push(client);
    return client;
  }

  const environment = (database: string): Record<string, string> => ({
    DATABASE_URL: database,
    SIMPLE_JWT_SIGNING_KEY: SIGNING_KEY,
  });

  it('keeps no server from starting where no migration is pending', async () => {
    const database = await postgres.createDatabase('migrated');
    await migrate(dataSourceOptions(database, 2));
    await hold(postgres.asGuest(database), MIGRATE);
    const start = performance.now();
    const server = await spawnServer(environment(database));
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(server.output()).not.toContain('lock');
    await server.stop();
  });

  it('is named by a server that has to migrate, which goes on as soon as the lock is free', async () => {
    const database = await postgres.createDatabase('pending');
    const client = await hold(postgres.asGuest(database), MIGRATE);
    const { pid } = (await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid'))
      .rows[0]!;
    let output = (): string => '';
    const starting = spawnServer(environment(database), undefined, (spoken) => {
      output = spoken;
    });
    const said = await within(
      20_000,
      () => Promise.resolve(output()),
      (text) => text.includes('is held by'),
    );
    expect(said).toContain(
      `waiting for the lock "migrate", which is held by process ${pid} of the role "guest" (application "lock\\"er", address`,
    );
    await held.pop()?.end();
    const server = await starting;
    expect((await fetch(`${server.url}/health/ready`)).status).toBe(200);
    await server.stop();
  });

  it('ends the start with its name and the way to end it, when patience is over', async () => {
    const database = await postgres.createDatabase('patience');
    await hold(postgres.asGuest(database), MIGRATE);
    await withDataSource(database, async (source) => {
      const work = jest.fn(() => Promise.resolve());
      await expect(withAdvisoryLock(source, 'migrate', work, 300)).rejects.toThrow(
        /^The lock "migrate" of the database was not to be had within 300 ms: it is held by process (\d+) of the role "guest" .*: SELECT pg_terminate_backend\(\1\)$/,
      );
      expect(work).not.toHaveBeenCalled();
    });
  });

  it('stops neither the flush nor the rotation of keys, which a server of ours would', async () => {
    const database = await postgres.createDatabase('tasks');
    await withDataSource(database, async (source) => {
      const flush = (): Promise<string | null> =>
        tryWithAdvisoryLock(source, 'flush', () => Promise.resolve('done'));
      const ours = await hold(database, FLUSH);
      await expect(flush()).resolves.toBeNull();
      await ours.end();
      held.pop();
      await hold(postgres.asGuest(database), FLUSH);
      await expect(flush()).resolves.toBe('done');
    });
  });
});
