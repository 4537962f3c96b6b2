import { Client } from 'pg';
import { SessionRepository } from '../../src/ledger/session-repository.js';
import { query, truncateTables } from '../support/databases.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { claimsOf, forge } from '../support/tokens.js';

jest.setTimeout(30_000);

const PASSWORD = 'a good password';
const NOWHERE = { ip: null, userAgent: null };

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ env: { SIMPLE_JWT_PROFILE: 'secure' } });
});
beforeEach(async () => {
  await truncateTables(server.database);
  await server.createUser({ username: 'alice', password: PASSWORD });
});
afterAll(() => server.stop());

/** Refresh tokens of so many sessions. */
async function logIn(sessions: number): Promise<string[]> {
  const refresh: string[] = [];
  while (refresh.length < sessions) {
    refresh.push((await server.client.login('alice', PASSWORD)).refresh);
  }
  return refresh;
}

/** Asks the ledger itself, so that several questions come in one turn of the event loop. */
function rotate(token: string, over: { generation?: number; tokenId?: string } = {}) {
  const { sid, user_id: tokenId } = claimsOf(token) as { sid: string; user_id: string };
  const session = { sid, generation: 0, tokenId, passwordDigest: null, ...over };
  return server.app.get(SessionRepository).rotate(session, NOWHERE);
}

describe('rotations that are asked for at once', () => {
  it('share one transaction, and each gets its own answer', async () => {
    const tokens = await logIn(5);
    const rotated = await Promise.all(tokens.map((token) => rotate(token)));
    expect(rotated.map((row) => row?.generation)).toEqual([1, 1, 1, 1, 1]);
    const transactions = 'SELECT count(DISTINCT xmin::text)::int AS n FROM auth_session';
    await expect(query(server.database, transactions)).resolves.toEqual([{ n: 1 }]);
  });

  it('are refused one by one', async () => {
    const [good = '', spent = '', foreign = '', ended = ''] = await logIn(4);
    await server.client.blacklist(ended);
    const rotated = await Promise.all([
      rotate(spent, { generation: 1 }),
      rotate(foreign, { tokenId: '999' }),
      rotate(ended),
      rotate(good),
    ]);
    expect(rotated.map((row) => row?.generation)).toEqual([undefined, undefined, undefined, 1]);
  });

  it('rotate a session once, however often it is in the batch', async () => {
    const [token = ''] = await logIn(1);
    const rotated = await Promise.all([rotate(token), rotate(token), rotate(token)]);
    expect(rotated.filter((row) => row !== null)).toHaveLength(1);
  });

  it('do not wait for a session that somebody else holds', async () => {
    const [held = '', free = ''] = await logIn(2);
    const holder = new Client({ connectionString: server.database });
    await holder.connect();
    try {
      await holder.query('BEGIN');
      await holder.query('SELECT FROM auth_session WHERE id = $1 FOR UPDATE', [
        claimsOf(held)['sid'],
      ]);
      const waiting = server.client.refresh(held);
      expect(await Promise.all([rotate(held), rotate(free)])).toEqual([
        null,
        expect.objectContaining({ generation: 1 }),
      ]);
      await holder.query('COMMIT');
      expect(await waiting).toMatchObject({ status: 200 });
    } finally {
      await holder.end();
    }
  });

  it.each(['\ud800', 'a\0b'])(
    'survive a user id that no database can hold: %j',
    async (user_id) => {
      const [token = '', other = ''] = await logIn(2);
      const crafted = forge({ alg: 'HS256', typ: 'JWT' }, { ...claimsOf(token), user_id });
      const [refused, answered] = await Promise.all([
        server.client.refresh(crafted),
        server.client.refresh(other),
      ]);
      expect([refused.status, answered.status]).toEqual([401, 200]);
    },
  );
});

describe('a refresh', () => {
  it('changes no column that an index is on, so that its row stays in its page', async () => {
    const [token = ''] = await logIn(1);
    const columns = async () => {
      const [row] = await query(
        server.database,
        'SELECT to_jsonb(s) AS columns FROM auth_session s',
      );
      return row!['columns'] as Record<string, unknown>;
    };
    const before = await columns();
    await server.client.refresh(token);
    const after = await columns();
    const changed = Object.keys(after).filter(
      (name) => JSON.stringify(after[name]) !== JSON.stringify(before[name]),
    );
    expect(changed).toContain('superseded_at');
    const indexed = await query(
      server.database,
      `SELECT a.attname AS name FROM pg_index i
      JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
      WHERE i.indrelid = 'auth_session'::regclass`,
    );
    const names = indexed.map(({ name }) => name);
    expect(names).toContain('user_id');
    for (const name of [
      ...changed,
      'recovered_parent',
      'parent_generation',
      'user_agent',
      'last_ip',
    ])
      expect(names).not.toContain(name);
  });
});

describe('a token that was rotated before', () => {
  it('is answered again without waiting for whoever holds its session', async () => {
    const [parent = ''] = await logIn(1);
    const successor = (await server.client.refresh(parent)).body.refresh;
    const holder = new Client({ connectionString: server.database });
    await holder.connect();
    try {
      await holder.query('BEGIN');
      await holder.query('SELECT FROM auth_session FOR UPDATE');
      // More than the pool has connections.
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => server.client.refresh(parent)),
      );
      expect(new Set(answers.map(({ body }) => body.refresh))).toEqual(new Set([successor]));
    } finally {
      await holder.end();
    }
  });
});

describe('a refresh token with a good signature', () => {
  const sign = (claims: unknown) => forge({ alg: 'HS256', typ: 'JWT' }, claims);

  it('is refused for the id that it lacks', async () => {
    const [token = ''] = await logIn(1);
    const { jti: _id, sid: _session, gen: _generation, ...nameless } = claimsOf(token);
    const answer = await server.client.refresh(sign(nameless));
    expect(answer).toMatchObject({ status: 401, body: { detail: 'Token has no id' } });
  });

  it('is refused when its claims are nested too deeply to be walked', async () => {
    const [token = ''] = await logIn(1);
    const deep = `${'['.repeat(9000)}${']'.repeat(9000)}`;
    const text = JSON.stringify({ ...claimsOf(token), deep: 0 }).replace(
      '"deep":0',
      `"deep":${deep}`,
    );
    const answer = await server.client.refresh(sign(text));
    expect(answer).toMatchObject({ status: 401, body: { detail: 'Token is invalid' } });
    expect((await server.client.refresh(token)).status).toBe(200);
  });
});
