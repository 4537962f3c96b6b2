import { runCommand } from '../support/command.js';
import { query } from '../support/databases.js';
import { soon } from '../support/soon.js';
import { HEADER, SIGNING_KEY, accessClaims, forge } from '../support/tokens.js';
import { within } from '../support/within.js';
import { startTwoServers, type TwoServers } from '../support/two-servers.js';

jest.setTimeout(120_000);

let two: TwoServers;

function serve(env: Record<string, string>): void {
  beforeAll(async () => {
    two = await startTwoServers(env);
  });
  afterAll(() => two.stop());
}

const sql = (text: string, values?: unknown[]) => query(two.database, text, values);

function endSessions(env: Record<string, string>, ...args: string[]) {
  return runCommand(['end-sessions', ...args], {
    DATABASE_URL: two.database,
    SIMPLE_JWT_SIGNING_KEY: SIGNING_KEY,
    ...env,
  });
}

/** A refresh token that a Django server with the same key has made a little while ago. */
function djangoToken(jti: string, userId: number): string {
  const iat = Math.floor(Date.now() / 1000) - 100;
  return forge(HEADER, { ...accessClaims(String(userId)), token_type: 'refresh', iat, jti });
}

describe('nest-simplejwt end-sessions', () => {
  const env = { SIMPLE_JWT_ACCEPT_UNKNOWN_TOKENS: 'true' };
  serve(env);

  it('ends what lives again in a restored backup, on all servers within a second', async () => {
    const ann = await two.createUser('ann', 'a good password');
    const [out, live] = [await two.openSession(ann), await two.openSession(ann)];
    await sql(
      `INSERT INTO auth_session (id, user_id, generation, is_sliding, created_at, last_used_at, rotated_at,
        expires_at, superseded_at)
       SELECT gen_random_uuid(), '0', 0, false, now(), now(), now(), now() + interval '1 d', '{}'
       FROM generate_series(1, 2500)`,
    );
    expect((await two.a.blacklist(out.refresh)).status).toBe(200);
    expect((await soon(401, () => two.b.me(out.access))).status).toBe(401);
    // As the backup has it.
    await sql('UPDATE auth_session SET revoked_at = NULL, revoke_reason = NULL');
    for (const client of [two.a, two.b]) {
      expect((await client.me(out.access)).status).toBe(200);
      expect((await client.me(live.access)).status).toBe(200);
    }
    const outcome = await endSessions(env);
    expect(outcome).toMatchObject({ code: 0, stdout: 'Ended 2502 sessions.\n' });
    for (const client of [two.a, two.b]) {
      for (const { access, refresh } of [out, live]) {
        expect((await soon(401, () => client.me(access))).status).toBe(401);
        expect((await client.refresh(refresh)).status).toBe(401);
      }
    }
    const next = await two.a.login('ann', 'a good password');
    expect((await two.b.me(next.access)).status).toBe(200);
  });

  it('adopts no token of another issuer from before, and those that come later', async () => {
    await sql('DELETE FROM auth_adoption_cutoff');
    const bea = await two.createUser('bea', 'a good password');
    const [adopted, unknown] = [djangoToken('1'.repeat(32), bea), djangoToken('2'.repeat(32), bea)];
    expect((await two.a.refresh(adopted)).status).toBe(200);
    // The backup is older than the adoption.
    await sql(`DELETE FROM auth_session WHERE user_id = $1`, [String(bea)]);
    expect((await endSessions(env)).code).toBe(0);
    for (const token of [adopted, unknown]) expect((await two.b.refresh(token)).status).toBe(401);
    const claims = accessClaims(String(bea), Math.floor(Date.now() / 1000) + 1);
    const later = forge(HEADER, { ...claims, token_type: 'refresh', jti: '3'.repeat(32) });
    // Its `iat` is the next whole second.
    const answer = await within(
      3000,
      () => two.b.refresh(later),
      ({ status }) => status === 200,
    );
    expect(answer.status).toBe(200);
  });

  it('ends those of one user, and says so when there is none of that name', async () => {
    const [cleo, dora] = [
      await two.createUser('cleo', 'a good password'),
      await two.createUser('dora', 'a good password'),
    ];
    const [hers, other] = [await two.openSession(cleo), await two.openSession(dora)];
    expect((await two.b.me(hers.access)).status).toBe(200);
    const outcome = await endSessions(env, '--user', 'cleo');
    expect(outcome).toMatchObject({ code: 0, stdout: 'Ended the sessions of cleo.\n' });
    expect((await soon(401, () => two.b.me(hers.access))).status).toBe(401);
    expect((await two.b.me(other.access)).status).toBe(200);
    const wrong = await endSessions(env, '--user', 'nobody');
    expect(wrong).toMatchObject({ code: 1, stdout: '' });
    expect(wrong.stderr).toContain(
      'No session has been ended.\n--user: there is no user nobody. Example: --user alice\n',
    );
  });
});

describe('nest-simplejwt end-sessions with LEDGER=django', () => {
  const env = { SIMPLE_JWT_PROFILE: 'parity' };
  serve(env);

  it('blacklists what the database knows, and says what it cannot end', async () => {
    await two.createUser('ann', 'a good password');
    const { access, refresh } = await two.a.login('ann', 'a good password');
    const { stdout, code } = await endSessions(env);
    expect(code).toBe(0);
    expect(stdout).toContain('Ended 1 sessions.');
    expect(stdout).toContain('Access tokens live to their exp');
    expect(stdout).toContain('issued after the backup');
    expect((await two.b.refresh(refresh)).status).toBe(401);
    expect((await two.b.me(access)).status).toBe(200);
  });
});
