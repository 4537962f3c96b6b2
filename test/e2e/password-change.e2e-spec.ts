import { Client } from 'pg';
import { PasswordHasher } from '../../src/passwords/password-hasher.js';
import { query, truncateTables } from '../support/databases.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { soon } from '../support/soon.js';
import { within } from '../support/within.js';

jest.setTimeout(60_000);

const PASSWORD = 'a good password';
const CHANGE = '/users/me/password';
/** New ones that may be set. */
const NEXT = ['the first one', 'the second one', 'the third one'];
/** `PASSWORD` as Django kept it once: pbkdf2_sha256 with few rounds, which a log-in rewrites. */
const OUTDATED = 'pbkdf2_sha256$1000$salt$mG7C9/+HeAo37lLW/MMoLfndWxHfWD7uoJbp0fU5lNA=';

describe('a password change', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer({
      env: { SIMPLE_JWT_PROFILE: 'secure', SIMPLE_JWT_LOGIN_LIMIT: '5/15m' },
    });
  });
  beforeEach(async () => {
    await truncateTables(server.database);
    for (const username of ['alice', 'bob']) {
      await server.createUser({ username, password: PASSWORD });
    }
  });
  afterAll(() => server.stop());

  const sql = (text: string, values?: unknown[]) => query(server.database, text, values);
  const login = (username = 'alice', password = PASSWORD) =>
    server.client.login(username, password);
  const status = async (access: string) => (await server.client.me(access)).status;
  const change = (access: string, body: unknown) =>
    server.client.post(CHANGE, body, { authorization: `Bearer ${access}` });
  const passwords = (from: string, to: string) => ({ old_password: from, new_password: to });
  const countLive = async () =>
    (await sql('SELECT FROM auth_session WHERE revoked_at IS NULL')).length;

  it('ends the other sessions at once, and this one goes on with the tokens that it has', async () => {
    const [mine, other, foreign] = [await login(), await login(), await login('bob')];
    for (const { access } of [mine, other, foreign]) expect(await status(access)).toBe(200);

    const answer = await change(mine.access, passwords(PASSWORD, 'the next one'));
    expect(answer).toMatchObject({ status: 204, text: '' });

    expect((await soon(401, () => server.client.me(other.access))).status).toBe(401);
    const refused = await server.client.refresh(other.refresh);
    expect(refused).toMatchObject({ status: 401, body: { reason: 'session_ended' } });
    expect(await status(mine.access)).toBe(200);
    const { body } = await server.client.refresh(mine.refresh);
    expect(await status(body.access)).toBe(200);
    expect(await status(foreign.access)).toBe(200);

    expect((await server.client.obtain('alice', PASSWORD)).status).toBe(401);
    expect((await server.client.obtain('alice', 'the next one')).status).toBe(200);
    expect((await server.client.obtain('bob', PASSWORD)).status).toBe(200);
  });

  it('is refused with a wrong old password, changes nothing, and is limited for this session alone', async () => {
    const [mine, other] = [await login(), await login()];
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const answer = await change(mine.access, passwords('wrong', 'the next one'));
      expect(answer).toMatchObject({
        status: 400,
        body: { old_password: [expect.stringMatching(/./)] },
      });
      expect(Object.keys(answer.body as object)).toEqual(['old_password']);
    }
    const limited = await change(mine.access, passwords(PASSWORD, 'the next one'));
    expect(limited.status).toBe(429);
    expect(limited.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    for (const { access } of [mine, other]) expect(await status(access)).toBe(200);
    expect((await server.client.obtain('alice', PASSWORD)).status).toBe(200);
    expect((await change(other.access, passwords(PASSWORD, 'the next one'))).status).toBe(204);
  });

  it.each([
    [{}, { old_password: ['This field is required.'], new_password: ['This field is required.'] }],
    [passwords(PASSWORD, ''), { new_password: ['This field may not be blank.'] }],
    [
      { old_password: PASSWORD, new_password: null },
      { new_password: ['This field may not be null.'] },
    ],
    [{ old_password: [], new_password: 'x' }, { old_password: ['Not a valid string.'] }],
  ])('is refused with the body %j', async (body, errors) => {
    const { access } = await login();
    expect(await change(access, body)).toMatchObject({ status: 400, body: errors });
    expect((await server.client.obtain('alice', PASSWORD)).status).toBe(200);
  });

  it.each([
    ['1234567', ['This password is too short. It must contain at least 8 characters.']],
    ['Password1', ['This password is too common.']],
  ])('to %s is refused, changes nothing, and is no guess', async (weak, messages) => {
    const [mine, other] = [await login(), await login()];
    for (let attempt = 0; attempt < 6; attempt += 1) {
      const answer = await change(mine.access, passwords('wrong', weak));
      expect(answer).toMatchObject({ status: 400, body: { new_password: messages } });
      expect(Object.keys(answer.body as object)).toEqual(['new_password']);
    }
    for (const { access } of [mine, other]) expect(await status(access)).toBe(200);
    expect((await server.client.obtain('alice', PASSWORD)).status).toBe(200);
    expect((await server.client.obtain('alice', weak)).status).toBe(401);
  });

  it('that is done twice at once with the same old password works once', async () => {
    const { access } = await login();
    const answers = await Promise.all(
      NEXT.map((next) => change(access, passwords(PASSWORD, next))),
    );
    const statuses = answers.map((answer) => answer.status);
    expect(statuses.toSorted((one, other) => one - other)).toEqual([204, 400, 400]);
    const winner = NEXT[statuses.indexOf(204)]!;
    expect((await server.client.obtain('alice', winner)).status).toBe(200);
    expect(await status(access)).toBe(200);
  });

  it('by plain SQL ends all sessions of that user, and of nobody else', async () => {
    const [mine, other, foreign] = [await login(), await login(), await login('bob')];
    const encoded = await server.app.get(PasswordHasher).hash('by hand');
    await sql(`UPDATE auth_user SET password = $1 WHERE username = 'alice'`, [encoded]);
    for (const { refresh, access } of [mine, other]) {
      const refused = await server.client.refresh(refresh);
      expect(refused).toMatchObject({ status: 401, body: { reason: 'session_ended' } });
      expect(await status(access)).toBe(401);
    }
    expect(await status(foreign.access)).toBe(200);
    expect((await server.client.obtain('alice', 'by hand')).status).toBe(200);
  });

  it('that writes the same hash again ends nothing', async () => {
    const { access } = await login();
    await sql('UPDATE auth_user SET password = password, last_login = now()');
    expect(await status(access)).toBe(200);
    await expect(countLive()).resolves.toBe(1);
  });
});

describe('a password change with LEDGER=django', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer({
      env: {
        SIMPLE_JWT_ROTATE_REFRESH_TOKENS: 'true',
        SIMPLE_JWT_BLACKLIST_AFTER_ROTATION: 'true',
      },
    });
  });
  beforeEach(async () => {
    await truncateTables(server.database);
    for (const username of ['alice', 'bob']) {
      await server.createUser({ username, password: PASSWORD });
    }
  });
  afterAll(() => server.stop());

  const change = (access: string, old_password: string) =>
    server.client.post(
      CHANGE,
      { old_password, new_password: 'the next one' },
      { authorization: `Bearer ${access}` },
    );
  const login = (username = 'alice') => server.client.login(username, PASSWORD);

  it('blacklists all refresh tokens of the user, this one too, and of nobody else', async () => {
    const [mine, other, foreign] = [await login(), await login(), await login('bob')];
    expect((await change(mine.access, 'wrong')).status).toBe(400);
    expect((await change(mine.access, PASSWORD)).status).toBe(204);
    for (const { refresh } of [mine, other]) {
      expect(await server.client.refresh(refresh)).toMatchObject({
        status: 401,
        body: { detail: 'Token is blacklisted' },
      });
    }
    expect((await server.client.refresh(foreign.refresh)).status).toBe(200);
  });

  it('leaves no successor of a refresh that is under way', async () => {
    const { access, refresh } = await login();
    const spending = new Client({ connectionString: server.database });
    await spending.connect();
    try {
      // What a refresh writes, not yet committed.
      await spending.query(`BEGIN`);
      await spending.query(`
        WITH spent AS (
          INSERT INTO token_blacklist_blacklistedtoken (blacklisted_at, token_id)
          SELECT now(), id FROM token_blacklist_outstandingtoken)
        INSERT INTO token_blacklist_outstandingtoken (token, created_at, expires_at, user_id, jti)
        SELECT token, created_at, expires_at, user_id, 'successor'
        FROM token_blacklist_outstandingtoken`);
      const changed = change(access, PASSWORD);
      const waiting = await within(
        5000,
        () => query(server.database, `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'`),
        (rows) => rows.length > 0,
      );
      expect(waiting).toHaveLength(1);
      await spending.query('COMMIT');
      expect((await changed).status).toBe(204);
    } finally {
      await spending.end();
    }
    expect((await server.client.refresh(refresh)).status).toBe(401);
    const live = await query(
      server.database,
      `SELECT FROM token_blacklist_outstandingtoken
       WHERE id NOT IN (SELECT token_id FROM token_blacklist_blacklistedtoken)`,
    );
    expect(live).toEqual([]);
  });
});

describe('a log-in', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer({
      env: { SIMPLE_JWT_PROFILE: 'secure', SIMPLE_JWT_LOGIN_LIMIT: 'none' },
    });
  });
  beforeEach(async () => {
    await truncateTables(server.database);
    await server.createUser({ username: 'alice', password: PASSWORD });
  });
  afterAll(() => server.stop());

  const sql = (text: string, values?: unknown[]) => query(server.database, text, values);
  const stored = async () => (await sql('SELECT password FROM auth_user'))[0]!['password'];

  /** Puts an outdated hash in the place of the current one, as if it had always been there. */
  const outdate = () =>
    sql(
      `UPDATE auth_user SET password = $1
       FROM (SELECT set_config('nest_simplejwt.keep_sessions', 'all', true) AS value) keep
       WHERE keep.value IS NOT NULL`,
      [OUTDATED],
    );

  it('that stores the hash anew ends no session', async () => {
    await outdate();
    const before = await server.client.login('alice', PASSWORD);
    await expect(stored()).resolves.toMatch(/^argon2/);
    await outdate();
    const after = await server.client.login('alice', PASSWORD);
    await expect(stored()).resolves.toMatch(/^argon2/);
    for (const { access, refresh } of [before, after]) {
      expect((await server.client.me(access)).status).toBe(200);
      expect((await server.client.refresh(refresh)).status).toBe(200);
    }
  });

  it('succeeds beside others that store the same outdated hash anew', async () => {
    await outdate();
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => server.client.obtain('alice', PASSWORD)),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
    for (const { body } of answers) {
      expect((await server.client.refresh(body.refresh)).status).toBe(200);
    }
  });

  it('with the old password that races a change of it does not survive', async () => {
    const hasher = server.app.get(PasswordHasher);
    let [old, met] = [PASSWORD, 0];
    for (let round = 0; round < 40; round += 1) {
      const { access } = await server.client.login('alice', old);
      const next = `password ${round}`;
      const encoded = await hasher.hash(next);
      const logins = Array.from({ length: 3 }, () => server.client.obtain('alice', old));
      // Every other round the change comes as soon as the first log-in has been answered, else at once.
      if (round % 2 === 0) await Promise.race(logins);
      const authorization = `Bearer ${access}`;
      if (round % 4 < 2) await sql('UPDATE auth_user SET password = $1', [encoded]);
      else {
        const body = { old_password: old, new_password: next };
        const changed = await server.client.post(CHANGE, body, { authorization });
        expect(changed.status).toBe(204);
      }
      for (const answer of await Promise.all(logins)) {
        if (answer.status !== 200) {
          expect(answer.status).toBe(401);
          continue;
        }
        met += 1;
        expect((await server.client.refresh(answer.body.refresh)).status).toBe(401);
        const guarded = await soon(401, () => server.client.me(answer.body.access));
        expect(guarded.status).toBe(401);
      }
      old = next;
    }
    // Otherwise the race was never run.
    expect(met).toBeGreaterThan(10);
    await expect(sql('SELECT FROM auth_session WHERE revoked_at IS NULL')).resolves.toHaveLength(1);
  });
});

describe('in parity', () => {
  it('any password may be set, as in SimpleJWT, which has no rule', async () => {
    const server = await startTestServer();
    await server.createUser({ username: 'alice', password: PASSWORD });
    let old = PASSWORD;
    for (const next of ['password', 'x']) {
      const { access } = await server.client.login('alice', old);
      const body = { old_password: old, new_password: next };
      const headers = { authorization: `Bearer ${access}` };
      expect((await server.client.post(CHANGE, body, headers)).status).toBe(204);
      old = next;
    }
    expect((await server.client.obtain('alice', 'x')).status).toBe(200);
    await server.stop();
  });
});

describe('an old password that may not be set any more', () => {
  it('still logs in: a policy shuts nobody out', async () => {
    const server = await startTestServer({ env: { SIMPLE_JWT_PROFILE: 'secure' } });
    await server.createUser({ username: 'alice', password: 'password' });
    expect((await server.client.obtain('alice', 'password')).status).toBe(200);
    await server.stop();
  });
});
