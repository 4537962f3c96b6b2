import { requestHead, sendRaw } from '../support/raw-http.js';
import { hostModule, startGuardedHost } from './contexts/guarded-host.js';
import { PLATFORMS, startHost, stopHosts, type Host } from './hosts/host.js';
import { AccountModule } from '../../src/index.js';
import { Body, Controller, Post } from '@nestjs/common';

jest.setTimeout(60_000);

/** Values that no parser of HTTP takes for a media type; the reference quotes them like any other it does not know. */
const MALFORMED = ['foo', '/', 'application/', '', 'application/json, text/plain', ';', 'a b/c'];

const REQUIRED = 'This field is required.';

@Controller()
class CatsController {
  @Post('cats')
  create(@Body() body: unknown) {
    return { body };
  }
}

function modules() {
  return { imports: [AccountModule], controllers: [CatsController] };
}

/** Sends the header exactly so: `fetch` leaves an empty one out, and adds one that is missing. */
async function post(
  { url }: Host,
  path: string,
  contentType: string,
  content: string,
): Promise<{ status: number; body: unknown }> {
  const head = requestHead(
    `POST ${path}`,
    `Content-Type: ${contentType}`,
    `Content-Length: ${content.length}`,
  );
  const { status, text } = await sendRaw(url, head + content);
  return { status, body: JSON.parse(text.slice(text.indexOf('\r\n\r\n'))) as unknown };
}

describe.each(PLATFORMS)('a content type that is malformed, on %s', (platform) => {
  let host: Host;

  beforeAll(async () => {
    host = await startGuardedHost(await hostModule('content_types', modules()), { platform });
  });
  afterAll(stopHosts);

  it.each(MALFORMED)('is named in the refusal of a body: %j', async (contentType) => {
    const detail = `Unsupported media type "${contentType}" in request.`;
    for (const path of ['/login/simpleJWT', '/api/token/', '/login/simpleJWT/verify']) {
      const answer = await post(host, path, contentType, '{}');
      expect([path, answer]).toEqual([path, { status: 415, body: { detail } }]);
    }
  });

  it.each(MALFORMED)('does not matter without a body: %j', async (contentType) => {
    const login = await post(host, '/login/simpleJWT', contentType, '');
    expect(login).toEqual({ status: 400, body: { username: [REQUIRED], password: [REQUIRED] } });
    const verify = await post(host, '/login/simpleJWT/verify', contentType, '');
    expect(verify).toEqual({ status: 400, body: { token: [REQUIRED] } });
  });

  it.each(MALFORMED)('is not looked at before the guard has let in: %j', async (contentType) => {
    for (const content of ['{}', '']) {
      const { status } = await post(host, '/users/me/password', contentType, content);
      expect(status).toBe(401);
    }
  });
});

it.each(PLATFORMS)(
  "stays the platform's own business on a host's routes on %s",
  async (platform) => {
    const bare = await startHost(await hostModule('bare', modules()), { platform });
    const plain = await Promise.all(MALFORMED.map((type) => post(bare, '/cats', type, '{}')));
    await stopHosts();
    const ruled = await startGuardedHost(await hostModule('ruled', modules()), { platform });
    const answers = await Promise.all(MALFORMED.map((type) => post(ruled, '/cats', type, '{}')));
    expect(answers).toEqual(plain);
    await stopHosts();
  },
);
