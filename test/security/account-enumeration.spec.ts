import type { Answer } from '../support/client.js';
import { query } from '../support/databases.js';
import { startTestServer, type TestServer } from '../support/server.js';

jest.setTimeout(120_000);

const ROUNDS = 30;

/** Everything of an answer that a client can see, without what differs from one moment to the next. */
function visible({ status, headers, text }: Answer): unknown {
  const rest = [...headers].filter(([name]) => name !== 'date');
  return { status, text, headers: rest };
}

function median(values: number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)]!;
}

describe('who tries user names', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer();
    await server.createUser({ username: 'active', password: 'secret' });
    await server.createUser({ username: 'inactive', password: 'secret', isActive: false });
    await server.createUser({ username: 'unusable' });
    await server.createUser({ username: 'outdated' });
    await query(
      server.database,
      `UPDATE auth_user SET password = CASE username
         WHEN 'unusable' THEN '!'
         WHEN 'outdated' THEN 'pbkdf2_sha256$1000$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='
         ELSE password END`,
    );
  });

  afterAll(() => server.stop());

  const attempts: [name: string, username: string, password: string][] = [
    ['a wrong password', 'active', 'wrong'],
    ['an unknown user', 'nobody', 'secret'],
    ['an inactive user with the right password', 'inactive', 'secret'],
    ['an inactive user with a wrong password', 'inactive', 'wrong'],
    ['a user without a usable password', 'unusable', 'wrong'],
    ['a user with an outdated hash', 'outdated', 'wrong'],
  ];

  it.each(['/login/simpleJWT', '/login/simpleJWT/sliding', '/api/token/'])(
    'sees the same answer, whatever is wrong: %s',
    async (path) => {
      const answers: unknown[] = [];
      for (const [, username, password] of attempts) {
        answers.push(visible(await server.client.post(path, { username, password })));
      }
      expect(answers[0]).toMatchObject({
        status: 401,
        text: '{"detail":"No active account found with the given credentials"}',
      });
      for (const answer of answers) expect(answer).toEqual(answers[0]);
    },
  );

  it('sees the same answer from BasicAuthentication', async () => {
    await server.stop();
    server = await startTestServer({ env: { AUTHENTICATION_CLASSES: 'BasicAuthentication' } });
    await server.createUser({ username: 'active', password: 'secret' });
    await server.createUser({ username: 'inactive', password: 'secret', isActive: false });
    const ask = async (credentials: string): Promise<unknown> => {
      const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
      return visible(await server.client.get('/users/me', { authorization }));
    };
    const wrong = await ask('active:wrong');
    expect(wrong).toMatchObject({ status: 401 });
    expect(await ask('nobody:wrong')).toEqual(wrong);
    expect(await ask('inactive:secret')).toEqual(wrong);
    expect(await ask('active:secret')).toMatchObject({ status: 200 });
  });
});

describe('who measures how long log-ins take', () => {
  let server: TestServer;

  beforeEach(async () => {
    server = await startTestServer();
  });
  afterEach(() => server.stop());

  /** How much longer the median refusal of each name takes than that of the first one. */
  async function ratios(names: readonly string[], rounds: number): Promise<number[]> {
    const times = new Map(names.map((name): [string, number[]] => [name, []]));
    for (let round = 0; round <= rounds; round += 1) {
      for (const name of names) {
        const start = performance.now();
        await server.client.obtain(name, 'wrong');
        // The first round warms up.
        if (round > 0) times.get(name)!.push(performance.now() - start);
      }
    }
    const [first = 0, ...others] = names.map((name) => median(times.get(name)!));
    return others.map((other) => other / first);
  }

  it('cannot tell why one is refused', async () => {
    await server.createUser({ username: 'active', password: 'secret' });
    await server.createUser({ username: 'inactive', password: 'secret', isActive: false });
    await server.createUser({ username: 'unusable' });
    await query(server.database, "UPDATE auth_user SET password = '!' WHERE username = 'unusable'");
    // A skipped hash would make it several times faster; noise between medians is far below this.
    for (const ratio of await ratios(['active', 'nobody', 'inactive', 'unusable'], ROUNDS)) {
      expect(ratio).toBeGreaterThan(0.6);
      expect(ratio).toBeLessThan(1.7);
    }
  });

  it('cannot tell users who came from Django from names that nobody has', async () => {
    for (const username of ['imported', 'inactive', 'unusable', 'another']) {
      await server.createUser({ username, isActive: username !== 'inactive' });
    }
    await query(
      server.database,
      `UPDATE auth_user SET password = CASE username WHEN 'unusable' THEN '!'
         ELSE 'pbkdf2_sha256$1000000$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=' END`,
    );
    // One hash of such users is ten of the preferred ones.
    for (const ratio of await ratios(['imported', 'nobody', 'inactive', 'unusable'], 7)) {
      expect(ratio).toBeGreaterThan(0.6);
      expect(ratio).toBeLessThan(1.7);
    }
  });
});
