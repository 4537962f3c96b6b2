import { gzipSync } from 'node:zlib';
import { Body, Controller, Get, Param, Post } from '@nestjs/common';
import { AccountModule, TokenController } from '../../src/index.js';
import { LogLines } from '../support/log-lines.js';
import { requestHead, sendRaw } from '../support/raw-http.js';
import { claimsOf } from '../support/tokens.js';
import {
  PASSWORD,
  bearer,
  createUser,
  hostModule,
  startGuardedHost,
} from './contexts/guarded-host.js';
import { PLATFORMS, startHost, stopHosts, type Host } from './hosts/host.js';

jest.setTimeout(60_000);

const MEBIBYTE = 1_048_576;

@Controller()
class CatsController {
  @Post('cats')
  create(@Body() body: unknown) {
    return { body };
  }

  @Get('cats/:name')
  one(@Param('name') name: string) {
    return name;
  }
}

function modules() {
  return { imports: [AccountModule], controllers: [CatsController] };
}

describe('the views on Express', () => {
  let host: Host & { alice: { access: string; refresh: string } };

  beforeAll(async () => {
    host = await startGuardedHost(await hostModule('express', modules()), {
      platform: 'express',
      // What a host may do before and behind `configureApp`.
      configure: (app) => app.enableCors({ origin: 'https://pages.example' }),
    });
  });
  afterAll(stopHosts);

  it('answer without charset, ETag and X-Powered-By', async () => {
    for (const answer of [
      await host.client.obtain('alice', PASSWORD),
      await host.client.obtain('alice', 'wrong'),
      await host.client.me(host.alice.access),
      await host.client.get('/users/me'),
      await host.client.get('/login/simpleJWT'),
    ]) {
      expect(answer.headers.get('content-type')).toBe('application/json');
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(answer.headers.get('allow')).not.toBeNull();
      for (const name of ['etag', 'x-powered-by']) expect(answer.headers.get(name)).toBeNull();
    }
  });

  it('never answer 304, whatever the client has', async () => {
    const headers = { 'if-none-match': '*', 'cache-control': 'max-age=0' };
    expect((await host.client.me(host.alice.access, headers)).status).toBe(200);
  });

  it('answer HEAD as GET without a body', async () => {
    const head = await host.client.send('HEAD', '/users/me', undefined, bearer(host.alice.access));
    const { text } = await host.client.me(host.alice.access);
    expect(head).toMatchObject({ status: 200, text: '' });
    expect(head.headers.get('content-length')).toBe(String(Buffer.byteLength(text)));
  });

  it('have paths whose case and slashes count, decoded or not', async () => {
    const body = { username: 'alice', password: PASSWORD };
    for (const [path, status] of [
      ['/login/simpleJWT', 200],
      ['/login/%73imple%4aWT?x=1', 200],
      ['/api/token/', 200],
      ['/api/token', 200],
      ['/login/simplejwt', 404],
      ['/Login/simpleJWT', 404],
      ['/login/simpleJWT/', 404],
      ['/login//simpleJWT', 404],
      ['/api/token//', 404],
      ['/login/simpleJWT%2F', 404],
    ] as const) {
      expect([path, (await host.client.post(path, body)).status]).toEqual([path, status]);
    }
  });

  it('have parameters in their paths', async () => {
    const authorization = bearer(host.alice.access);
    const { refresh, access } = await host.client.login('alice', PASSWORD);
    const id = String(claimsOf(access)['sid']);
    const path = `/sessions/%${id.charCodeAt(0).toString(16)}${id.slice(1)}`;
    const wrong = await host.client.send('PUT', path, undefined, authorization);
    expect(wrong.status).toBe(405);
    expect(wrong.headers.get('allow')).toBe('DELETE, OPTIONS');
    const ended = await host.client.send('DELETE', path, undefined, authorization);
    expect(ended).toMatchObject({ status: 204, text: '' });
    expect(ended.headers.get('content-type')).toBeNull();
    expect((await host.client.refresh(refresh)).status).toBe(401);
    const undecodable = await host.client.send('DELETE', '/sessions/%zz', undefined, authorization);
    expect(undecodable.status).toBe(404);
  });

  it('negotiate before the guard, and guard before the method', async () => {
    const html = await host.client.get('/users/me', { accept: 'text/html' });
    expect(html.status).toBe(406);
    const format = await host.client.get('/users/me?format=xml');
    expect(format).toMatchObject({ status: 404, body: { detail: 'Not found.' } });
    expect((await host.client.post('/users/me', {})).status).toBe(401);
    const wrong = await host.client.post('/users/me', {}, bearer(host.alice.access));
    expect(wrong).toMatchObject({ status: 405, body: { detail: 'Method "POST" not allowed.' } });
  });

  it('do not take bodies that are too large, announced or not, nor inflate any', async () => {
    const announced = await host.client.obtain('alice', 's'.repeat(MEBIBYTE));
    expect(announced).toMatchObject({
      status: 413,
      body: { detail: 'Request body is too large.' },
    });
    const chunk = `${(65_536).toString(16)}\r\n${' '.repeat(65_536)}\r\n`;
    const head = requestHead(
      'POST /login/simpleJWT',
      'Content-Type: application/json',
      'Transfer-Encoding: chunked',
    );
    const { status } = await sendRaw(host.url, `${head}${chunk.repeat(17)}0\r\n\r\n`);
    expect(status).toBe(413);
    const bomb = gzipSync(Buffer.from(JSON.stringify({ username: 'alice', password: PASSWORD })));
    const inflated = await host.client.post('/login/simpleJWT', bomb, {
      'content-encoding': 'gzip',
    });
    expect(inflated.status).toBe(400);
    // Express would stop at 100 kB.
    expect((await host.client.obtain('alice', 's'.repeat(110_000))).status).toBe(401);
  });

  it('answer preflights of other origins as the host says', async () => {
    const preflight = await host.client.send('OPTIONS', '/login/simpleJWT', undefined, {
      origin: 'https://pages.example',
      'access-control-request-method': 'POST',
    });
    expect(preflight.status).toBe(204);
    const origin = 'access-control-allow-origin';
    expect(preflight.headers.get(origin)).toBe('https://pages.example');
    const refused = await host.client.send('GET', '/login/simpleJWT', undefined, {
      origin: 'https://pages.example',
    });
    expect(refused.status).toBe(405);
    expect(refused.headers.get(origin)).toBe('https://pages.example');
  });
});

describe.each(PLATFORMS)("the host's own routes on %s", (platform) => {
  let host: Host;

  beforeAll(async () => {
    host = await startGuardedHost(await hostModule('own_routes', modules()), { platform });
  });
  afterAll(stopHosts);

  it('get the body that their own parser has read', async () => {
    const json = await host.client.post('/cats', { name: 'Tom' });
    expect(json.body).toEqual({ body: { name: 'Tom' } });
    const form = await host.client.post('/cats', 'name=Tom', {
      'content-type': 'application/x-www-form-urlencoded',
    });
    expect(form.body).toEqual({ body: { name: 'Tom' } });
    expect((await host.client.post('/cats', '{"name"')).status).toBe(400);
    // The type under which the views' bodies pass the parsers of Fastify opens them to nobody else.
    const odd = await host.client.post('/cats', '{}', {
      'content-type': 'application/vnd.nest-simplejwt.raw',
    });
    expect(odd.body).toMatchObject(platform === 'fastify' ? { detail: expect.any(String) } : {});
    expect(odd.text).not.toContain('bytes');
  });

  it("keep the platform's headers and its idea of paths", async () => {
    const answer = await host.client.get('/cats/Tom');
    expect(answer).toMatchObject({ status: 200, text: 'Tom' });
    expect(answer.headers.get('x-content-type-options')).toBeNull();
    expect(answer.headers.get('allow')).toBeNull();
    const isExpress = platform === 'express';
    expect(answer.headers.get('x-powered-by')).toBe(isExpress ? 'Express' : null);
    expect(answer.headers.get('etag') !== null).toBe(isExpress);
    expect((await host.client.get('/cats/Tom/')).status).toBe(isExpress ? 200 : 404);
    expect((await host.client.get('/nothing')).body).toMatchObject({ statusCode: 404 });
    expect((await host.client.send('PUT', '/cats')).status).toBe(404);
  });
});

describe.each(PLATFORMS)('a host on %s that does not call configureApp', (platform) => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost(await hostModule('unconfigured', modules()), { platform });
    await createUser(host, 'alice');
  });
  afterAll(stopHosts);

  it('has the views, with the fields that its own parser has read', async () => {
    const { access, refresh } = await host.client.login('alice', PASSWORD);
    expect((await host.client.me(access)).status).toBe(200);
    const form = await host.client.post('/login/simpleJWT/verify', `token=${access}`, {
      'content-type': 'application/x-www-form-urlencoded',
    });
    expect(form.status).toBe(200);
    expect((await host.client.refresh(refresh)).status).toBe(200);
  });

  it('names missing and wrong fields as ever', async () => {
    const missing = await host.client.post('/login/simpleJWT', { username: 'alice' });
    expect(missing).toMatchObject({
      status: 400,
      body: { password: ['This field is required.'] },
    });
    const wrong = await host.client.post('/login/simpleJWT/verify', { token: {} });
    expect(wrong).toMatchObject({ status: 400, body: { token: ['Not a valid string.'] } });
    expect((await host.client.post('/login/simpleJWT/verify')).status).toBe(400);
    expect((await host.client.obtain('alice', 'wrong')).status).toBe(401);
  });

  it("has its own parser's errors", async () => {
    const answer = await host.client.post('/login/simpleJWT', '{"username"');
    expect(answer).toMatchObject({ status: 400, body: { statusCode: 400 } });
  });
});

describe.each(PLATFORMS)('a view on %s whose answer comes too late', (platform) => {
  let host: Host;
  let finish: () => void;
  const lines = new LogLines();

  @Controller()
  class SlowTokenController extends TokenController {
    override async verify(): Promise<object> {
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return {};
    }
  }

  beforeAll(async () => {
    host = await startGuardedHost(
      await hostModule('deadline', modules(), { tokenController: SlowTokenController }),
      { platform, logger: lines },
    );
  });
  afterAll(stopHosts);

  it('is 503 within five seconds, and nothing else comes of it', async () => {
    const start = performance.now();
    const [answer, other] = await Promise.all([
      host.client.verify('a token'),
      host.client.get('/cats/Tom'),
    ]);
    expect(performance.now() - start).toBeLessThan(5000);
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(other.status).toBe(200);
    expect(lines.text()).toContain('too_slow');
    finish();
    // By the next answer the late one has been dropped.
    expect((await host.client.get('/cats/Tom')).status).toBe(200);
    expect(lines.text()).not.toContain('ERR_HTTP_HEADERS_SENT');
    expect(lines.text()).not.toContain('server_error');
  });
});

it.each(PLATFORMS)('the views on %s stand behind a prefix that is set later', async (platform) => {
  const host = await startGuardedHost(await hostModule('prefix', modules()), {
    platform,
    configure: (app) => app.setGlobalPrefix('v1', { exclude: ['login/*path'] }),
  });
  expect((await host.client.get('/v1/users/me')).headers.get('allow')).toBe('GET, HEAD, OPTIONS');
  expect((await host.client.get('/users/me')).status).toBe(404);
  await stopHosts();
});
