import { startTestServer, type TestServer } from '../support/server.js';
import { HEADER, accessClaims, encodePart, forge } from '../support/tokens.js';

const REQUIRED = { username: ['This field is required.'], password: ['This field is required.'] };

describe('a body with names that objects inherit', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer();
    await server.createUser({ username: 'alice', password: 'secret' });
  });

  afterAll(() => server.stop());

  afterEach(() => {
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(({} as Record<string, unknown>)['username']).toBeUndefined();
    expect(({} as Record<string, unknown>)['isActive']).toBeUndefined();
  });

  it.each([
    '{"__proto__":{"username":"alice","password":"secret"}}',
    '{"constructor":{"prototype":{"username":"alice","password":"secret"}}}',
    '{"prototype":{"username":"alice","password":"secret"}}',
  ])('lends no fields and changes no prototype: %s', async (body) => {
    const answer = await server.client.post('/login/simpleJWT', body);
    expect(answer).toMatchObject({ status: 400, body: REQUIRED });
  });

  it('does not hide the fields that stand beside them', async () => {
    const body =
      '{"__proto__":{"password":"x"},"username":"alice","password":"secret","constructor":1}';
    expect((await server.client.post('/login/simpleJWT', body)).status).toBe(200);
  });

  it('is the same as a form', async () => {
    const urlencoded = { 'content-type': 'application/x-www-form-urlencoded' };
    const form =
      '__proto__[username]=alice&__proto__.password=secret&constructor[prototype][x]=1&__proto__=1';
    const answer = await server.client.post('/login/simpleJWT', form, urlencoded);
    expect(answer).toMatchObject({ status: 400, body: REQUIRED });
    const multipart = ['__proto__', 'constructor', '__proto__[username]']
      .map((name) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\nalice\r\n`)
      .join('');
    const type = { 'content-type': 'multipart/form-data; boundary=b' };
    const parts = await server.client.post('/login/simpleJWT', `${multipart}--b--\r\n`, type);
    expect(parts).toMatchObject({ status: 400, body: REQUIRED });
  });

  it.each([
    '[]',
    '{"username":{"__proto__":null},"password":[]}',
    '{"username":{"$ne":""},"password":{"$ne":""}}',
  ])('makes field errors where a text belongs: %s', async (body) => {
    const answer = await server.client.post('/login/simpleJWT', body);
    expect(answer.status).toBe(400);
    expect(answer.body).not.toHaveProperty('detail');
  });

  it('lends no claims and no header members to a token', async () => {
    const now = Math.floor(Date.now() / 1000);
    const claims = `{"token_type":"access","exp":${now + 60},"jti":"x","__proto__":{"user_id":"1"}}`;
    expect(await server.client.me(forge(HEADER, claims))).toMatchObject({
      status: 401,
      body: { detail: 'Token contained no recognizable user identification' },
    });
    const header = encodePart('{"__proto__":{"alg":"HS256"}}');
    const signed = forge(HEADER, accessClaims('1')).split('.');
    expect((await server.client.verify([header, signed[1], signed[2]].join('.'))).status).toBe(401);
  });
});
