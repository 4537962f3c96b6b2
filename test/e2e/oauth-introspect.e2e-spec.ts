import { Client } from 'pg';
import { query, truncateTables } from '../support/databases.js';
import { FakeClock } from '../support/fake-clock.js';
import { OAUTH_CLIENTS, OAuthService } from '../support/oauth-service.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { PROMISED } from '../support/soon.js';
import { HEADER, accessClaims, claimsOf, forge } from '../support/tokens.js';

jest.setTimeout(30_000);

const PASSWORD = 'a good password';
const INACTIVE = { status: 200, body: { active: false } };

let server: TestServer;
let service: OAuthService;
let clock: FakeClock | undefined;

/** Runs a server with these settings for the tests of a block. */
function serve(env: Record<string, string>, withClock = false): void {
  beforeAll(async () => {
    clock = withClock ? new FakeClock() : undefined;
    server = await startTestServer({ env: { OAUTH_CLIENTS, ...env }, ...(clock ? { clock } : {}) });
    service = new OAuthService(server.url);
  });
  beforeEach(async () => {
    await truncateTables(server.database);
    await server.createUser({ username: 'alice', password: PASSWORD });
  });
  afterAll(() => server.stop());
}

const sql = (text: string, values?: unknown[]) => query(server.database, text, values);
const login = () => server.client.login('alice', PASSWORD);
const sliding = async () => {
  const body = { username: 'alice', password: PASSWORD };
  return (await server.client.post<{ token: string }>('/login/simpleJWT/sliding', body)).body.token;
};

/** Expects the token to be inactive, as soon as the change feed promises. */
async function dies(token: string): Promise<void> {
  const deadline = performance.now() + PROMISED;
  let answer = await service.introspect(token);
  while (answer.body.active && performance.now() < deadline) {
    answer = await service.introspect(token);
  }
  // Nothing but `active`: the caller is not to learn what a dead token was (RFC 7662 §2.2).
  expect(answer).toEqual(expect.objectContaining(INACTIVE));
}

async function lives(...tokens: string[]): Promise<void> {
  for (const token of tokens) {
    expect(await service.introspect(token)).toMatchObject({ status: 200, body: { active: true } });
  }
}

describe('introspection with the session ledger', () => {
  serve({
    SIMPLE_JWT_PROFILE: 'secure',
    SIMPLE_JWT_AUTH_TOKEN_CLASSES: 'AccessToken,SlidingToken',
    SIMPLE_JWT_AUDIENCE: 'shop,office',
    SIMPLE_JWT_ISSUER: 'https://id.example.com',
  });

  it('tells what is in a live token of each kind, by the names of RFC 7662', async () => {
    const { access, refresh } = await login();
    const token = await sliding();
    for (const [text, members] of [
      [access, { token_type: 'Bearer', token_use: 'access' }],
      [refresh, { token_use: 'refresh' }],
      [token, { token_type: 'Bearer', token_use: 'sliding' }],
    ] as const) {
      const { exp, iat, jti, sid } = claimsOf(text);
      const answer = await service.introspect(text);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.body).toEqual({
        active: true,
        ...members,
        username: 'alice',
        sub: '1',
        exp,
        iat,
        aud: ['shop', 'office'],
        iss: 'https://id.example.com',
        jti,
        sid,
      });
    }
  });

  it('spends nothing', async () => {
    const { refresh } = await login();
    const before = await sql('SELECT to_jsonb(s) AS row FROM auth_session s');
    await lives(refresh, refresh, refresh);
    expect(await sql('SELECT to_jsonb(s) AS row FROM auth_session s')).toEqual(before);
    expect((await server.client.refresh(refresh)).status).toBe(200);
  });

  it('asks the database nothing about an access token that it has been asked about before', async () => {
    const { access, refresh } = await login();
    await lives(access, refresh);
    const other = new Client({ connectionString: server.database });
    await other.connect();
    try {
      await other.query('BEGIN; LOCK TABLE auth_session, auth_user IN ACCESS EXCLUSIVE MODE');
      const answers = [await service.introspect(access), await service.introspect(access)];
      // One that finds the change feed late, on a busy machine, has to ask and waits as well.
      expect(answers.map(({ body }) => body.active)).toContain(true);
      // Of a refresh token no memory is trusted: it waits for the lock until the server gives up.
      expect((await service.introspect(refresh)).status).toBe(503);
    } finally {
      await other.end();
    }
    await lives(refresh);
  });

  it('knows the current refresh token of a session and its parent, and no older one', async () => {
    const first = await login();
    const { body: second } = await server.client.refresh(first.refresh);
    await lives(first.refresh, second.refresh, first.access, second.access);
    const { body: third } = await server.client.refresh(second.refresh);
    await dies(first.refresh);
    await lives(second.refresh, third.refresh, first.access, third.access);
  });

  it('declares the tokens of a session dead after log-out, and those of no other one', async () => {
    const pair = await login();
    const other = await login();
    await lives(pair.access, pair.refresh, other.access);
    await server.client.blacklist(pair.refresh);
    await dies(pair.access);
    await dies(pair.refresh);
    await lives(other.access, other.refresh);
  });

  it.each<[string, string]>([
    ['an end of the session by SQL', 'UPDATE auth_session SET revoked_at = now()'],
    ['a deactivation', 'UPDATE auth_user SET is_active = false'],
    ['a deletion', 'DELETE FROM auth_user'],
    ['a changed password', "UPDATE auth_user SET password = '!'"],
  ])('declares all tokens dead after %s', async (_what, statement) => {
    const { access, refresh } = await login();
    const tokens = [access, refresh, await sliding()];
    await lives(...tokens);
    await sql(statement);
    for (const token of tokens) await dies(token);
  });

  it('declares dead what is no token of ours', async () => {
    const { access } = await login();
    const good = claimsOf(access);
    const now = Math.floor(Date.now() / 1000);
    const forged = forge(HEADER, good, 'another key, long enough for the algorithm, surely');
    for (const token of [
      'x',
      'a.b.c',
      `${access}x`,
      access.slice(0, -1),
      forged,
      forge({ ...HEADER, alg: 'none' }, good),
      forge(HEADER, { ...good, exp: now - 1 }),
      forge(HEADER, { ...good, nbf: now + 60 }),
      forge(HEADER, { ...good, aud: 'somebody else' }),
      forge(HEADER, { ...good, iss: 'https://evil.example' }),
      forge(HEADER, { ...good, token_type: 'challenge' }),
      forge(HEADER, { ...good, user_id: '2' }),
      forge(HEADER, { ...good, user_id: undefined }),
      forge(HEADER, { ...good, sid: undefined }),
      forge(HEADER, { ...good, sid: '0'.repeat(32) }),
      forge(HEADER, { ...good, jti: undefined }),
      'é'.repeat(20_000),
    ]) {
      await dies(token);
    }
    await lives(access, forge(HEADER, good), forge(HEADER, { ...good, nbf: now - 1.5 }));
  });
});

describe.each([
  ['AccessToken', ['access']],
  ['SlidingToken', ['sliding']],
  ['RefreshToken,AccessToken', ['access']],
  ['UntypedToken', ['access', 'sliding']],
])('introspection where the guard accepts %s', (classes, accepted) => {
  serve({ SIMPLE_JWT_PROFILE: 'secure', SIMPLE_JWT_AUTH_TOKEN_CLASSES: classes });

  it('knows the tokens that the guard lets in, and refresh tokens, which their own view accepts', async () => {
    const { access, refresh } = await login();
    const tokens = { access, sliding: await sliding() };
    for (const [name, token] of Object.entries(tokens)) {
      const isAccepted = accepted.includes(name);
      expect((await server.client.me(token)).status).toBe(isAccepted ? 200 : 401);
      expect((await service.introspect(token)).body.active).toBe(isAccepted);
    }
    expect((await service.introspect(refresh)).body).toMatchObject({
      active: true,
      token_use: 'refresh',
    });
  });
});

describe('introspection when a token ends by itself', () => {
  serve({ SIMPLE_JWT_PROFILE: 'parity', SIMPLE_JWT_ACCESS_TOKEN_LIFETIME: '60s' }, true);

  it('knows it until then', async () => {
    const { access, refresh } = await login();
    clock!.advance(59);
    await lives(access, refresh);
    clock!.advance(1);
    await dies(access);
    await lives(refresh);
    clock!.advance(86_400);
    await dies(refresh);
  });
});

describe('introspection with the Django ledger', () => {
  serve({
    SIMPLE_JWT_PROFILE: 'parity',
    SIMPLE_JWT_ROTATE_REFRESH_TOKENS: 'true',
    SIMPLE_JWT_BLACKLIST_AFTER_ROTATION: 'true',
    SIMPLE_JWT_CHECK_REVOKE_TOKEN: 'true',
    SIMPLE_JWT_USER_ID_CLAIM: 'uid',
    SIMPLE_JWT_JTI_CLAIM: 'id',
    SIMPLE_JWT_AUTH_TOKEN_CLASSES: 'AccessToken,SlidingToken',
    SIMPLE_JWT_AUDIENCE: 'shop',
  });

  it('tells what is in a live token, whatever its claims are called', async () => {
    const { access, refresh } = await login();
    for (const [token, use] of [
      [access, 'access'],
      [refresh, 'refresh'],
      [await sliding(), 'sliding'],
    ] as const) {
      const { exp, iat, id } = claimsOf(token);
      expect((await service.introspect(token)).body).toEqual({
        active: true,
        ...(use === 'refresh' ? {} : { token_type: 'Bearer' }),
        token_use: use,
        username: 'alice',
        sub: '1',
        exp,
        iat,
        aud: 'shop',
        jti: id,
      });
    }
  });

  it('knows no refresh token that was rotated or blacklisted; access tokens live to their end', async () => {
    const first = await login();
    const { body: second } = await server.client.refresh(first.refresh);
    await dies(first.refresh);
    await lives(second.refresh);
    await server.client.blacklist(second.refresh);
    await dies(second.refresh);
    await lives(first.access, second.access);
  });

  it.each<[string, string]>([
    ['deactivated', 'UPDATE auth_user SET is_active = false'],
    [
      'deleted',
      'UPDATE token_blacklist_outstandingtoken SET user_id = NULL; DELETE FROM auth_user',
    ],
    ['given another password', "UPDATE auth_user SET password = '!'"],
  ])('declares all tokens of a user dead who is %s', async (_what, statement) => {
    const { access, refresh } = await login();
    const token = await sliding();
    await lives(access, refresh, token);
    await sql(statement);
    for (const one of [access, refresh, token]) await dies(one);
  });
});

describe('introspection of a Django server’s tokens', () => {
  serve({ SIMPLE_JWT_PROFILE: 'secure', SIMPLE_JWT_ACCEPT_UNKNOWN_TOKENS: 'true' });

  it('knows those that a refresh would adopt, and the access tokens that came with them', async () => {
    const access = accessClaims('1');
    const refresh = { ...access, token_type: 'refresh', jti: 'ac5f1f6a6f6b4e0f9a1d6a3b5c7d9e0f' };
    await lives(forge(HEADER, access), forge(HEADER, refresh));
    const { body: next } = await server.client.refresh(forge(HEADER, refresh));
    await lives(forge(HEADER, refresh), next.refresh);
    expect((await server.client.refresh(next.refresh)).status).toBe(200);
    await dies(forge(HEADER, refresh));
    await dies(forge(HEADER, { ...refresh, user_id: '2', jti: 'x' }));
  });
});
