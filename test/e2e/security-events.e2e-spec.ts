import { DataSource, type EntityManager } from 'typeorm';
import type { SecurityEvent } from '../../src/events/domain/security-event.js';
import { SecurityEventSubscriber } from '../../src/events/security-event-subscriber.js';
import { SecurityEvents } from '../../src/events/security-events.js';
import { KeyRotationService } from '../../src/index.js';
import { query, truncateTables } from '../support/databases.js';
import { EventLog } from '../support/event-log.js';
import { HOME, PlacedClient, STRANGER } from '../support/placed-client.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { claimsOf } from '../support/tokens.js';

jest.setTimeout(60_000);

const PASSWORD = 'a good password';
const address = STRANGER.localAddress;

describe('security events', () => {
  const log = new EventLog();
  let server: TestServer;
  let client: PlacedClient;

  beforeAll(async () => {
    const env = {
      SIMPLE_JWT_PROFILE: 'secure',
      SIMPLE_JWT_SESSIONS_PER_USER: '3',
      KEY_ENCRYPTION_KEY: 'sRp1Oaj2uHKIV0lPgHdyTInlPzYyI4NXqUZ8iS0m2vA',
      OAUTH_CLIENTS: 'shop:sha256-LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=',
    };
    server = await startTestServer({ env, logger: log });
    client = new PlacedClient(server.url, STRANGER);
  });
  beforeEach(async () => {
    await truncateTables(server.database);
    await server.createUser({ id: 1, username: 'root', password: PASSWORD, isStaff: true });
    await server.createUser({ id: 2, username: 'alice', password: PASSWORD });
    log.take();
  });
  afterAll(() => server.stop());

  const idOf = ({ access }: { access: string }) => String(claimsOf(access)['sid']);
  const bearer = ({ access }: { access: string }) => ({ authorization: `Bearer ${access}` });
  /** A log-in from home, of which nothing is looked at. */
  const login = async (username = 'alice') => {
    const pair = await new PlacedClient(server.url, HOME).login(username, PASSWORD);
    log.take();
    return pair;
  };
  const ended = (sid: string, actor: string, reason: string, from: string | null = address) => ({
    event: 'session_ended',
    actor,
    address: from,
    target: `session:${sid}`,
    reason,
  });

  it('tell of a log-in, to a pair and to a sliding token, who it is, from where, and its session', async () => {
    const pair = await client.login('alice', PASSWORD);
    const credentials = { username: 'alice', password: PASSWORD };
    const { body } = await client.post<{ token: string }>('/login/simpleJWT/sliding', credentials);
    const user = 'user:2';
    const line = { event: 'logged_in', actor: user, target: user, address };
    expect(log.take()).toEqual([
      { ...line, session: idOf(pair) },
      { ...line, session: claimsOf(body.token)['sid'] },
    ]);
    await client.obtain('alice', 'wrong');
    expect(log.take()).toEqual([]);
  });

  it('tell of a log-out, by whoever holds the token', async () => {
    const pair = await login();
    await client.blacklist(pair.refresh);
    const sid = idOf(pair);
    expect(log.take()).toEqual([ended(sid, `session:${sid}`, 'logged_out')]);
    await client.blacklist(pair.refresh);
    expect(log.take()).toEqual([]);
  });

  it('tell of the sessions that their user ends, one line for each', async () => {
    const [mine, other, third] = [await login(), await login(), await login()];
    await client.send('DELETE', `/sessions/${idOf(other)}`, undefined, bearer(mine));
    expect(log.take()).toEqual([ended(idOf(other), 'user:2', 'ended')]);
    await client.send('DELETE', '/sessions', undefined, bearer(mine));
    expect(log.take()).toEqual([ended(idOf(third), 'user:2', 'ended')]);
    await client.send('DELETE', '/sessions?all=true', undefined, bearer(mine));
    expect(log.take()).toEqual([ended(idOf(mine), 'user:2', 'ended')]);
  });

  it('tell of the session that SESSIONS_PER_USER ends', async () => {
    const [first] = [await login(), await login(), await login()];
    const fourth = await client.login('alice', PASSWORD);
    expect(log.take()).toEqual([
      ended(idOf(first), 'user:2', 'session_limit'),
      expect.objectContaining({ event: 'logged_in', session: idOf(fourth) }),
    ]);
  });

  it('tell of a changed password, and of no refused change', async () => {
    const mine = await login();
    const change = (old_password: string, new_password: string) =>
      client.post('/users/me/password', { old_password, new_password }, bearer(mine));
    await change('wrong', 'the next good one');
    await change(PASSWORD, 'short');
    expect(log.take()).toEqual([]);
    await change(PASSWORD, 'the next good one');
    expect(log.take()).toEqual([
      {
        event: 'password_changed',
        actor: 'user:2',
        target: 'user:2',
        address,
        keptSession: idOf(mine),
      },
    ]);
  });

  it('tell of every act of staff, on whom, and of each session that it ends', async () => {
    const root = await login('root');
    const alice = await login();
    const act = (method: string, end: string) =>
      client.send(method, `/admin/users/2/${end}`, undefined, bearer(root));
    const line = { actor: 'user:1', target: 'user:2', address };

    await act('GET', 'sessions');
    expect(log.take()).toEqual([{ event: 'sessions_viewed', ...line }]);
    await act('DELETE', 'sessions');
    expect(log.take()).toEqual([
      { event: 'sessions_ended', ...line, count: 1 },
      ended(idOf(alice), 'user:1', 'ended'),
    ]);
    const again = await login();
    await act('POST', 'deactivate?keep_sessions=true');
    expect(log.take()).toEqual([{ event: 'user_deactivated', ...line, keptSessions: true }]);
    await act('POST', 'activate');
    expect(log.take()).toEqual([{ event: 'user_activated', ...line }]);
    await act('POST', 'deactivate');
    expect(log.take()).toEqual([
      { event: 'user_deactivated', ...line, keptSessions: false },
      ended(idOf(again), 'user:1', 'user_deactivated'),
    ]);
  });

  it('tell of no act that is refused', async () => {
    const [root, alice] = [await login('root'), await login()];
    for (const [who, id] of [
      [root, 1],
      [root, 99],
      [alice, 1],
    ] as const) {
      for (const [method, end] of [
        ['GET', 'sessions'],
        ['DELETE', 'sessions'],
        ['POST', 'deactivate'],
        ['POST', 'activate'],
      ] as const) {
        await client.send(method, `/admin/users/${id}/${end}`, undefined, bearer(who));
      }
    }
    expect(log.take()).toEqual([]);
  });

  it('tell which service has ended a token', async () => {
    const pair = await login();
    const form = new URLSearchParams({ token: pair.access }).toString();
    const answer = await client.post('/oauth/revoke', form, {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Basic ${Buffer.from('shop:hello').toString('base64')}`,
    });
    expect(answer.status).toBe(200);
    expect(log.take()).toEqual([ended(idOf(pair), 'client:shop', 'logged_out')]);
  });

  it('tell of a reused token, who holds it, of which session, and from where', async () => {
    const { refresh } = await new PlacedClient(server.url, HOME).login('alice', PASSWORD);
    await new PlacedClient(server.url, HOME).refresh(refresh);
    log.take();
    expect((await client.refresh(refresh)).status).toBe(401);
    const session = `session:${String(claimsOf(refresh)['sid'])}`;
    expect(log.take()).toEqual([
      expect.objectContaining({
        event: 'refresh_token_reused',
        actor: session,
        target: session,
        address,
        user: '2',
      }),
    ]);
  });

  it('tell of each change of a key', async () => {
    const keys = server.app.get(KeyRotationService, { strict: false });
    const cause = { actor: 'application', address: null };
    const line = (event: string, kid: string) => ({
      event,
      ...cause,
      target: `key:${kid}`,
      algorithm: 'ES256',
    });
    const first = await keys.generate();
    expect(log.take()).toEqual([line('key_generated', first.kid)]);
    await keys.rotate();
    expect(log.take()).toEqual([line('key_signs', first.kid)]);
    const { signing } = await keys.rotate();
    expect(log.take()).toEqual([
      line('key_retired', first.kid),
      line('key_generated', signing!.kid),
      line('key_signs', signing!.kid),
    ]);
    await keys.retire(first.kid, { now: true });
    expect(log.take()).toEqual([line('key_retired', first.kid)]);
    await keys.retire(
      signing!.kid,
      { successor: false, now: true },
      {
        actor: 'user:1',
        address: '192.0.2.1',
      },
    );
    expect(log.take()).toEqual([
      { ...line('key_retired', signing!.kid), actor: 'user:1', address: '192.0.2.1' },
    ]);
  });

  it('hold no token, password or key', async () => {
    const pair = await client.login('alice', PASSWORD);
    await client.blacklist(pair.refresh);
    await query(server.database, 'SELECT 1');
    const text = JSON.stringify(log.take());
    for (const secret of [pair.refresh, pair.access, PASSWORD]) expect(text).not.toContain(secret);
  });
});

/** Counts what it hears, and can refuse to record. */
class Recorder extends SecurityEventSubscriber {
  isBroken = false;
  recorded: { event: string; isInTransaction: boolean }[] = [];
  announced: string[] = [];

  override record(events: readonly SecurityEvent[], transaction: EntityManager | null): void {
    if (this.isBroken) throw new Error('the event cannot be recorded');
    const isInTransaction = transaction?.queryRunner?.isTransactionActive === true;
    for (const { event } of events) this.recorded.push({ event, isInTransaction });
  }

  override announce(events: readonly SecurityEvent[]): void {
    this.announced.push(...events.map(({ event }) => event));
  }
}

describe('subscribers of security events', () => {
  const log = new EventLog();
  const event = {
    event: 'user_activated',
    actor: 'application',
    address: null,
    target: 'user:1',
  } as const;
  let server: TestServer;
  let events: SecurityEvents;
  let database: DataSource;
  let recorder: Recorder;

  beforeAll(async () => {
    server = await startTestServer({ env: { SIMPLE_JWT_PROFILE: 'secure' }, logger: log });
    await server.createUser({ username: 'alice', password: PASSWORD });
    events = server.app.get(SecurityEvents, { strict: false });
    database = server.app.get(DataSource);
    recorder = new Recorder();
    events.subscribe(recorder);
  });
  beforeEach(() => {
    log.take();
    recorder.recorded = [];
    recorder.announced = [];
  });
  afterAll(() => server.stop());

  it('run in the transaction of the change; the log is written after its commit', async () => {
    await database.transaction(async (transaction) => {
      await events.emit(transaction, [event]);
      expect(recorder.recorded).toEqual([{ event: 'user_activated', isInTransaction: true }]);
      expect(log.take()).toEqual([]);
    });
    expect(log.take()).toEqual([event]);
    expect(recorder.announced).toEqual(['user_activated']);
  });

  it('announce nothing of a change that was rolled back, not even with the next one', async () => {
    const undone = database.transaction(async (transaction) => {
      await events.emit(transaction, [event]);
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    await database.transaction((transaction) => transaction.query('SELECT 1'));
    expect(log.take()).toEqual([]);
    expect(recorder.announced).toEqual([]);
  });

  it('announce at once what belongs to no transaction', async () => {
    await events.emit(null, [event]);
    await events.emit(database.manager, [event]);
    expect(recorder.recorded.map((one) => one.isInTransaction)).toEqual([false, false]);
    expect(log.take()).toEqual([event, event]);
  });

  it('undo a reused token that ends its session, where they cannot record it', async () => {
    const thief = new PlacedClient(server.url, STRANGER);
    const { refresh } = await new PlacedClient(server.url, HOME).login('alice', PASSWORD);
    const { body } = await new PlacedClient(server.url, HOME).refresh(refresh);
    log.take();
    recorder.recorded = [];
    recorder.isBroken = true;
    expect((await thief.refresh(refresh)).status).toBe(500);
    recorder.isBroken = false;
    expect(log.take()).toEqual([]);
    expect((await new PlacedClient(server.url, HOME).me(body.access)).status).toBe(200);

    expect((await thief.refresh(refresh)).status).toBe(401);
    expect(recorder.recorded).toEqual([{ event: 'refresh_token_reused', isInTransaction: true }]);
    expect(log.take()).toEqual([expect.objectContaining({ event: 'refresh_token_reused' })]);
    const owner = new PlacedClient(server.url, HOME);
    expect((await owner.refresh(body.refresh)).status).toBe(401);
  });
});

describe('with CHECK_REVOKE_TOKEN', () => {
  it.each(['secure', 'parity'])(
    'a refresh that shows another password tells that its session ended: %s',
    async (profile) => {
      const log = new EventLog();
      const env = { SIMPLE_JWT_PROFILE: profile, SIMPLE_JWT_CHECK_REVOKE_TOKEN: 'true' };
      const server = await startTestServer({ env, logger: log });
      await server.createUser({ username: 'alice', password: PASSWORD });
      const pair = await server.client.login('alice', PASSWORD);
      const claims = claimsOf(pair.refresh);
      const id = String(claims['sid'] ?? claims['jti']);
      // As an upgrade of the hash does: the session goes on, its digest does not fit any more.
      await query(
        server.database,
        `BEGIN; SET LOCAL nest_simplejwt.keep_sessions = 'all';
       UPDATE auth_user SET password = password || 'x'; COMMIT`,
      );
      log.take();
      expect((await server.client.refresh(pair.refresh)).status).toBe(401);
      expect(log.take()).toEqual([
        {
          event: 'session_ended',
          actor: `session:${id}`,
          target: `session:${id}`,
          address: '127.0.0.1',
          reason: 'password_changed',
        },
      ]);
      await server.stop();
    },
  );
});
