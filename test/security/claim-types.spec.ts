import { FakeClock } from '../support/fake-clock.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { HEADER, accessClaims, forge } from '../support/tokens.js';

const ODD = [
  null,
  true,
  false,
  '',
  'text',
  '1',
  [],
  [1],
  {},
  { $gt: 0 },
  Number.MAX_VALUE,
  -1,
  1.5,
  1e21,
];

describe('claims of an unexpected type, correctly signed,', () => {
  let server: TestServer;
  const clock = new FakeClock();
  const claimsOf = (userId: unknown) => accessClaims(userId, clock.seconds());

  beforeAll(async () => {
    server = await startTestServer({ clock });
    await server.createUser({ username: 'alice', password: 'secret' });
  });

  afterAll(() => server.stop());

  it.each(['exp', 'iat', 'nbf', 'jti', 'token_type', 'user_id', 'aud', 'iss', 'sub', 'sid', 'gen'])(
    'never make a fault of ours, and open nothing: %s',
    async (claim) => {
      for (const value of ODD) {
        const claims = { ...claimsOf('1'), [claim]: value };
        const token = forge(HEADER, claims);
        for (const answer of [
          await server.client.me(token),
          await server.client.verify(token),
          await server.client.refresh(
            forge(HEADER, { ...claims, token_type: 'refresh', [claim]: value }),
          ),
          await server.client.blacklist(
            forge(HEADER, { ...claims, token_type: 'refresh', [claim]: value }),
          ),
        ]) {
          expect({ value, isExpected: [200, 400, 401].includes(answer.status) }).toEqual({
            value,
            isExpected: true,
          });
        }
      }
    },
  );

  it.each(['exp', 'iat', 'nbf'])('are refused as a time: %s', async (claim) => {
    const odd = ['1', '', 'soon', [], [9e9], {}, true, null, '9999999999'];
    for (const value of odd) {
      // "nbf" and "iat" as digits may be read; nothing else may.
      if (claim !== 'exp' && typeof value === 'string' && /^\d+$/.test(value)) continue;
      const answer = await server.client.verify(
        forge(HEADER, { ...claimsOf('1'), [claim]: value }),
      );
      expect({ value, status: answer.status }).toEqual({ value, status: 401 });
    }
    const huge = forge(HEADER, { ...claimsOf('1'), exp: 1e15 });
    expect((await server.client.verify(huge)).status).toBe(401);
  });

  it.each([
    null,
    true,
    1.5,
    1.9,
    [],
    ['1'],
    [1],
    {},
    { id: 1 },
    '1 OR 1=1',
    '1.0',
    '01',
    '+1',
    '1e0',
    '0x1',
  ])('name no user: %j', async (userId) => {
    const answer = await server.client.me(forge(HEADER, claimsOf(userId)));
    expect(answer).toMatchObject({
      status: 401,
      body: { detail: 'User not found', code: 'user_not_found' },
    });
  });

  it('are no user at all when the claim is missing', async () => {
    const answer = await server.client.me(forge(HEADER, { ...claimsOf('1'), user_id: undefined }));
    expect(answer).toMatchObject({ status: 401, body: { code: 'token_not_valid' } });
  });

  it.each([undefined, null, 1, true, [], {}, 'x'.repeat(256)])('are no id: %j', async (jti) => {
    const answer = await server.client.refresh(
      forge(HEADER, { ...claimsOf('1'), token_type: 'refresh', jti }),
    );
    expect(answer).toMatchObject({ status: 401, body: { code: 'token_not_valid' } });
  });

  it.each([
    'Access',
    'ACCESS',
    'access ',
    ['access'],
    { type: 'access' },
    null,
    'refresh',
    'sliding',
  ])('are no access token: %j', async (type) => {
    const answer = await server.client.me(forge(HEADER, { ...claimsOf('1'), token_type: type }));
    expect(answer).toMatchObject({ status: 401, body: { code: 'token_not_valid' } });
  });

  it('end on the second, on both sides of it', async () => {
    const now = clock.seconds();
    const token = forge(HEADER, { ...claimsOf('1'), iat: now, exp: now + 2 });
    expect((await server.client.me(token)).status).toBe(200);
    clock.advance(2 - (clock.now() % 1000) / 1000 - 0.001);
    expect((await server.client.me(token)).status).toBe(200);
    clock.advance(0.001);
    expect((await server.client.me(token)).status).toBe(401);
    clock.advance(-2);
    const early = forge(HEADER, { ...claimsOf('1'), iat: now, nbf: clock.seconds() + 1 });
    expect((await server.client.me(early)).status).toBe(401);
  });
});
