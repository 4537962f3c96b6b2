import { EventEmitter, once } from 'node:events';
import { join } from 'node:path';
import { TestClient } from '../support/client.js';
import { query } from '../support/databases.js';
import { startFragilePostgres, type FragilePostgres } from '../support/fragile-postgres.js';
import { spawnServer, type SpawnedServer } from '../support/process.js';
import { SIGNING_KEY } from '../support/tokens.js';
import { Visitor } from '../support/visitor.js';

jest.setTimeout(60_000);

/** With a migration more than this one. */
const NEXT_VERSION = join(import.meta.dirname, '..', 'support', 'next-version.mjs');

describe('with clients that refresh without a pause', () => {
  let postgres: FragilePostgres;
  let login: readonly [username: string, password: string];
  let servers: SpawnedServer[];
  let visitors: Visitor[];

  async function start(port = '0', program?: string): Promise<SpawnedServer> {
    const env = { DATABASE_URL: postgres.url, SIMPLE_JWT_SIGNING_KEY: SIGNING_KEY, PORT: port };
    const server = await spawnServer(env, program);
    const [, username, password] = /(\S+) \/ (\S+)$/m.exec(server.output()) ?? [];
    if (username !== undefined && password !== undefined) login = [username, password];
    return server;
  }
  const startAgain = ({ url }: SpawnedServer, program?: string): Promise<SpawnedServer> =>
    start(new URL(url).port, program);

  async function visit(count: number): Promise<void> {
    const urls = servers.map(({ url }) => url);
    const client = new TestClient(urls[0]!);
    const pairs = await Promise.all(Array.from({ length: count }, () => client.login(...login)));
    visitors = pairs.map((pair, index) => new Visitor(index % 2 ? urls.toReversed() : urls, pair));
  }

  const steps = new EventEmitter();
  const answered = (): number => visitors.reduce((sum, visitor) => sum + visitor.answered, 0);
  const failures = (): string[] => visitors.flatMap((visitor) => visitor.failures);

  /** Lets all of them go on until nobody accepts connections, or until they are told to stop. */
  async function goOn(isOver = (): boolean => false): Promise<void> {
    const going = visitors.map(async (visitor) => {
      while (!isOver() && (await visitor.step())) steps.emit('step');
    });
    await Promise.all(going);
  }

  /** Lets all of them go on for as long as the work takes. */
  async function during(work: () => Promise<void>): Promise<void> {
    let isOver = false;
    const going = goOn(() => isOver);
    try {
      await work();
    } finally {
      isOver = true;
      await going;
    }
  }

  /** Until they have got so many answers more. */
  async function untilAnswered(count: number): Promise<void> {
    const wanted = answered() + count;
    while (answered() < wanted) await once(steps, 'step');
  }

  beforeAll(async () => {
    postgres = await startFragilePostgres();
  });

  afterAll(() => postgres?.remove());

  afterEach(async () => {
    for (const visitor of visitors) visitor.close();
    await Promise.all(servers.map((each) => each.stop()));
  });

  it('a server that is killed and started again logs nobody out and has kept what it answered', async () => {
    servers = [await start()];
    await visit(16);
    const going = goOn();
    await untilAnswered(400);
    servers[0]!.child.kill('SIGKILL');
    await going;
    servers = [await startAgain(servers[0]!)];
    for (const visitor of visitors) visitor.failures.length = 0;
    const before = answered();
    // Each presents the last token that it was given.
    await Promise.all(visitors.map((visitor) => visitor.step()));
    expect(failures()).toEqual([]);
    expect(answered() - before).toBe(2 * visitors.length);
  });

  it('a database that is restarted costs some answers 503 and nobody the session', async () => {
    servers = [await start()];
    await visit(8);
    await during(async () => {
      await untilAnswered(200);
      await postgres.stop();
      await postgres.start();
      await untilAnswered(200);
    });
    expect([...new Set(failures())]).toEqual(['503']);
    for (const visitor of visitors) visitor.failures.length = 0;
    await Promise.all(visitors.map((visitor) => visitor.step()));
    expect(failures()).toEqual([]);
  });

  it('a server that is told to end drops nothing that had arrived, however fast its clients come back', async () => {
    servers = [await start()];
    const [{ stop }] = servers as [SpawnedServer];
    await visit(16);
    const going = goOn();
    await untilAnswered(1000);
    const told = performance.now();
    const exit = await stop();
    await going;
    expect(exit).toEqual({ code: 0, signal: null });
    expect(performance.now() - told).toBeLessThan(10_000);
    expect(failures()).toEqual([]);
  });

  /** Restarts both servers in their turn, with answers in between. */
  async function roll(program?: string): Promise<void> {
    for (const index of [0, 1]) {
      await untilAnswered(200);
      expect(await servers[index]!.stop()).toEqual({ code: 0, signal: null });
      servers[index] = await startAgain(servers[index]!, program);
    }
    await untilAnswered(200);
  }

  it('two servers that are restarted one after the other fail nobody', async () => {
    servers = await Promise.all([start(), start()]);
    await visit(8);
    await during(() => roll());
    expect(failures()).toEqual([]);
  });

  it('nor do they when a newer version takes their place, nor when this one does again', async () => {
    servers = await Promise.all([start(), start()]);
    await visit(8);
    await during(async () => {
      await roll(NEXT_VERSION);
      const migrated = `SELECT count(*)::int FROM auth_session WHERE next_version = 'x'`;
      expect(await query(postgres.url, migrated)).not.toEqual([{ count: 0 }]);
      await roll();
    });
    expect(failures()).toEqual([]);
  });
});
