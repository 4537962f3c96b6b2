import { clientSecretDigest, newClientSecret } from '../../src/oauth/client-secret.js';
import type { Answer, HeaderValues } from '../support/client.js';
import { requestHead, sendRaw } from '../support/raw-http.js';
import { startTestServer, type TestServer } from '../support/server.js';

jest.setTimeout(30_000);

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const SECRET = newClientSecret();
const NEXT_SECRET = newClientSecret();
/** A secret that was not made by us, and changes when it is form-encoded. */
const ODD_SECRET = 'pass:word %2B+ü&=';

const entry = (id: string, secret: string) =>
  `${id}:sha256-${clientSecretDigest(secret).toString('base64')}`;
const basic = (credentials: string): HeaderValues => ({
  authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
});
const form = (fields: Record<string, string>) => new URLSearchParams(fields).toString();

const invalidClient = {
  status: 401,
  body: { error: 'invalid_client', error_description: expect.any(String) },
};
const invalidRequest = {
  status: 400,
  body: { error: 'invalid_request', error_description: expect.any(String) },
};

let server: TestServer;
const call = (path: string, body?: unknown, headers: HeaderValues = {}) =>
  server.client.post(path, body, { ...(typeof body === 'string' ? FORM : {}), ...headers });

describe.each(['/oauth/revoke', '/oauth/introspect'])('the client of %s', (path) => {
  const good = path.endsWith('introspect')
    ? { status: 200, body: { active: false } }
    : { status: 200, body: {} };

  beforeAll(async () => {
    server = await startTestServer({
      env: {
        OAUTH_CLIENTS: [
          entry('billing', SECRET),
          entry('billing', NEXT_SECRET),
          entry('search', ODD_SECRET),
        ].join(','),
      },
    });
  });
  afterAll(() => server.stop());

  it('authenticates by HTTP Basic, with either of its secrets', async () => {
    for (const secret of [SECRET, NEXT_SECRET]) {
      const answer = await call(path, form({ token: 'x' }), basic(`billing:${secret}`));
      expect(answer).toMatchObject(good);
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.headers.get('content-type')).toBe('application/json');
    }
  });

  it('authenticates in the body, a form or JSON', async () => {
    const fields = { token: 'x', client_id: 'billing', client_secret: SECRET };
    expect(await call(path, form(fields))).toMatchObject(good);
    expect(await call(path, fields)).toMatchObject(good);
  });

  it('form-encodes its credentials before HTTP Basic encodes them', async () => {
    const encoded = new URLSearchParams({ search: ODD_SECRET }).toString().replace('=', ':');
    expect(await call(path, form({ token: 'x' }), basic(encoded))).toMatchObject(good);
    const percent = `search:${encodeURIComponent(ODD_SECRET)}`;
    expect(await call(path, form({ token: 'x' }), basic(percent))).toMatchObject(good);
    const bare = basic(`search:${ODD_SECRET}`);
    expect(await call(path, form({ token: 'x' }), bare)).toMatchObject(invalidClient);
  });

  it('may repeat its id in the body', async () => {
    const fields = form({ token: 'x', client_id: 'billing' });
    expect(await call(path, fields, basic(`billing:${SECRET}`))).toMatchObject(good);
  });

  it.each<[string, HeaderValues, Record<string, string>]>([
    ['no credentials', {}, {}],
    ['no secret', {}, { client_id: 'billing' }],
    ['an empty secret', {}, { client_id: 'billing', client_secret: '' }],
    ['a wrong secret', basic(`billing:${newClientSecret()}`), {}],
    ['a wrong secret in the body', {}, { client_id: 'billing', client_secret: 'x' }],
    ["another client's secret", basic(`search:${SECRET}`), {}],
    ['an unknown id', basic(`nobody:${SECRET}`), {}],
    ['the name of something that every object has', basic(`__proto__:${SECRET}`), {}],
    ['the digest', basic(`billing:${clientSecretDigest(SECRET).toString('base64')}`), {}],
    ['no colon', basic(`billing${SECRET}`), {}],
    ['an escape that is none', basic(`billing%zz:${SECRET}`), {}],
    ['no base64', { authorization: 'Basic ?' }, {}],
    ['an empty header', { authorization: 'Basic' }, {}],
    ['a bearer token', { authorization: `Bearer ${SECRET}` }, {}],
  ])('is refused with %s', async (_what, headers, fields) => {
    const answer = await call(path, form({ token: 'x', ...fields }), headers);
    expect(answer).toMatchObject(invalidClient);
    expect(Object.keys(answer.body as object)).toEqual(['error', 'error_description']);
    expect(answer.headers.get('www-authenticate')).toBe('Basic realm="oauth"');
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('is refused before anything is said about the token', async () => {
    expect(await call(path, form({}))).toMatchObject(invalidClient);
  });

  it('is told the same about an unknown id as about a wrong secret', async () => {
    const answers = [
      await call(path, form({ token: 'x' }), basic(`nobody:${SECRET}`)),
      await call(path, form({ token: 'x' }), basic('billing:wrong')),
    ];
    expect(answers[0]?.text).toBe(answers[1]?.text);
  });

  it.each<[string, string | undefined | object, HeaderValues]>([
    ['no body', undefined, {}],
    ['an empty body', '', {}],
    ['no token', form({ token_type_hint: 'access_token' }), {}],
    ['an empty token', form({ token: '' }), {}],
    ['two tokens', 'token=x&token=x', {}],
    ['two tokens, one of them spelt otherwise', 'token=x&%74oken=y', {}],
    ['two hints', 'token=x&token_type_hint=a&token_type_hint=b', {}],
    ['a token that is no text', { token: 7 }, {}],
    ['several tokens', { token: ['x', 'y'] }, {}],
    ['a list', [], {}],
    ['broken JSON', '{', { 'content-type': 'application/json' }],
    ['two ways to authenticate', form({ token: 'x', client_secret: SECRET }), {}],
    ['two clients', form({ token: 'x', client_id: 'search' }), {}],
  ])('sends a malformed request: %s', async (_what, body, headers) => {
    const answer = await call(path, body, { ...basic(`billing:${SECRET}`), ...headers });
    expect(answer).toMatchObject(invalidRequest);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('sends a malformed request: two authorization headers', async () => {
    const { authorization } = basic(`billing:${SECRET}`);
    const head = requestHead(
      `POST ${path}`,
      `Authorization: ${authorization}`,
      'Authorization: Basic eDp5',
      'Content-Type: application/x-www-form-urlencoded',
      'Content-Length: 7',
    );
    const { status, text } = await sendRaw(server.url, `${head}token=x`);
    expect(status).toBe(400);
    expect(text).toContain('"invalid_request"');
  });

  it('ignores what it does not know, and hints that nobody knows', async () => {
    const fields = form({ token: 'x', token_type_hint: 'pac_token', foo: 'bar' });
    expect(await call(path, `${fields}&foo=baz`, basic(`billing:${SECRET}`))).toMatchObject(good);
  });

  it('sends another type of body', async () => {
    const headers = { ...basic(`billing:${SECRET}`), 'content-type': 'text/plain' };
    expect((await call(path, 'token=x', headers)).status).toBe(415);
  });

  it('is told the method, and nobody else is', async () => {
    expect(await server.client.get(path)).toMatchObject(invalidClient);
    const answer = await server.client.get(path, basic(`billing:${SECRET}`));
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('POST, OPTIONS');
  });
});

describe('without OAUTH_CLIENTS', () => {
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.stop());

  it('nobody is a client', async () => {
    for (const path of ['/oauth/revoke', '/oauth/introspect']) {
      const answers: Answer[] = [
        await call(path, form({ token: 'x' })),
        await call(path, form({ token: 'x' }), basic(':')),
        await call(path, form({ token: 'x' }), basic(`billing:${SECRET}`)),
      ];
      for (const answer of answers) expect(answer).toMatchObject(invalidClient);
    }
  });
});
