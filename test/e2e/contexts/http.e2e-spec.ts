import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { Controller, Get, Post, UseFilters, UseGuards } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import {
  AuthErrorFilter,
  CurrentToken,
  CurrentUser,
  JwtAuthGuard,
  OptionalJwtAuthGuard,
  StatelessJwtAuthGuard,
  UseAuthentication,
  type AuthenticatedUser,
  type Claims,
  type TokenUser,
} from '../../../src/index.js';
import { TEMPLATE, databaseUrl } from '../../support/databases.js';
import { requestHead, sendRaw } from '../../support/raw-http.js';
import { soon } from '../../support/soon.js';
import { startTcpProxy } from '../../support/tcp-proxy.js';
import { PLATFORMS, stopHosts } from '../hosts/host.js';
import {
  PASSWORD,
  bearer,
  hostModule,
  startGuardedHost,
  tampered,
  type GuardedHost,
} from './guarded-host.js';

jest.setTimeout(60_000);

@Controller('cats')
class CatsController {
  @Get('guarded')
  @UseGuards(JwtAuthGuard)
  guarded(@CurrentUser() user: AuthenticatedUser, @CurrentToken() token: Claims) {
    return { name: user.username, type: token['token_type'] };
  }

  @Get('optional')
  @UseGuards(OptionalJwtAuthGuard)
  optional(@CurrentUser() user?: AuthenticatedUser, @CurrentToken() token?: Claims) {
    return { name: user?.username ?? 'nobody', type: token?.['token_type'] ?? 'none' };
  }

  @Get('stateless')
  @UseGuards(StatelessJwtAuthGuard)
  stateless(@CurrentUser() user: TokenUser) {
    return { id: user.id, type: user.claims['token_type'] };
  }

  @Get('passport')
  @UseGuards(AuthGuard('jwt'))
  passport(@CurrentUser() user: AuthenticatedUser) {
    return { name: user.username };
  }

  @Post('either')
  @UseGuards(AuthGuard(['jwt', 'local']))
  either(@CurrentUser() user: AuthenticatedUser) {
    return { name: user.username };
  }

  @Get('basic')
  @UseAuthentication('BasicAuthentication', 'JWTAuthentication')
  @UseFilters(AuthErrorFilter)
  basic(@CurrentUser() user: AuthenticatedUser, @CurrentToken() token?: Claims) {
    return { name: user.username, type: token?.['token_type'] ?? 'none' };
  }
}

describe.each(PLATFORMS)('the guards on %s', (platform) => {
  let host: GuardedHost;
  let good: { authorization: string };
  let bad: { authorization: string };

  beforeAll(async () => {
    host = await startGuardedHost(
      await hostModule('http_guards', { controllers: [CatsController] }),
      { platform },
    );
    good = bearer(host.alice.access);
    bad = bearer(tampered(host.alice.access));
  });
  afterAll(stopHosts);

  it('know the user and the token of a good token', async () => {
    for (let time = 0; time < 2; time += 1) {
      const answer = await host.client.get('/cats/guarded', good);
      expect(answer).toMatchObject({ status: 200, body: { name: 'alice', type: 'access' } });
    }
  });

  it('refuse with the body of the token views and the challenge, without our filter', async () => {
    const none = await host.client.get('/cats/guarded');
    expect(none.status).toBe(401);
    expect(none.headers.get('www-authenticate')).toBe('Bearer realm="api"');
    expect(none.body).toEqual({ detail: 'Authentication credentials were not provided.' });
    const refused = await host.client.get('/cats/guarded', bad);
    expect(refused.body).toMatchObject({
      code: 'token_not_valid',
      messages: [{ token_class: 'AccessToken', message: 'Token is invalid' }],
    });
  });

  it('let everybody into an optional route, and know who shows a good token', async () => {
    for (const [headers, name, type] of [
      [good, 'alice', 'access'],
      [{}, 'nobody', 'none'],
      [bad, 'nobody', 'none'],
      [{ authorization: 'Bearer' }, 'nobody', 'none'],
      [good, 'alice', 'access'],
    ] as const) {
      const answer = await host.client.get('/cats/optional', headers);
      expect(answer).toMatchObject({ status: 200, body: { name, type } });
    }
  });

  it('believe a token on a stateless route, and nothing else', async () => {
    const answer = await host.client.get('/cats/stateless', good);
    expect(answer).toMatchObject({ status: 200, body: { id: '1', type: 'access' } });
    expect((await host.client.get('/cats/stateless', bad)).status).toBe(401);
    const refresh = await host.client.get('/cats/stateless', bearer(host.alice.refresh));
    expect(refresh.body).toMatchObject({ messages: [{ message: 'Token has wrong type' }] });
    const none = await host.client.get('/cats/stateless');
    expect(none.status).toBe(401);
    expect(none.headers.get('www-authenticate')).toBe('Bearer realm="api"');
  });

  it("are passport's own as well", async () => {
    expect((await host.client.get('/cats/passport', good)).body).toEqual({ name: 'alice' });
    expect((await host.client.get('/cats/passport')).status).toBe(401);
    const credentials = { username: 'alice', password: PASSWORD };
    const byPassword = await host.client.post('/cats/either', credentials);
    expect(byPassword).toMatchObject({ status: 201, body: { name: 'alice' } });
    const byToken = await host.client.post('/cats/either', {}, good);
    expect(byToken).toMatchObject({ status: 201, body: { name: 'alice' } });
    const wrong = await host.client.post('/cats/either', { ...credentials, password: 'wrong' });
    expect(wrong.status).toBe(401);
  });

  it('ask the chain that a handler names, whose first class names the challenge', async () => {
    const basic = (password: string) => ({
      authorization: `Basic ${Buffer.from(`alice:${password}`).toString('base64')}`,
    });
    const known = await host.client.get('/cats/basic', basic(PASSWORD));
    expect(known).toMatchObject({ status: 200, body: { name: 'alice', type: 'none' } });
    const token = await host.client.get('/cats/basic', good);
    expect(token).toMatchObject({ status: 200, body: { name: 'alice', type: 'access' } });
    for (const headers of [basic('wrong'), bad, {}]) {
      const answer = await host.client.get('/cats/basic', headers);
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toBe('Basic realm="api"');
    }
    expect((await host.client.get('/cats/guarded', basic(PASSWORD))).status).toBe(401);
  });

  it('refuse a request with two authorization headers, even where a route is optional', async () => {
    for (const path of ['/cats/guarded', '/cats/optional', '/cats/stateless']) {
      const line = `Authorization: ${good.authorization}`;
      const head = requestHead(`GET ${path}`, line, 'Authorization: Bearer x');
      expect((await sendRaw(host.url, head)).status).toBe(400);
    }
  });
});

describe('a database that is away', () => {
  let host: GuardedHost;
  let deaf: Server;

  beforeAll(async () => {
    const network = await startTcpProxy(databaseUrl(TEMPLATE));
    const { port } = new URL(network.through(databaseUrl(TEMPLATE)));
    host = await startGuardedHost(
      await hostModule('http_away', { controllers: [CatsController] }, {}, network.through),
    );
    await network.stop();
    // A refused connection would be an error of Node's own, which Jest keeps apart from those of the modules under test.
    deaf = createServer((socket) => socket.end());
    await once(deaf.listen(Number(port), '127.0.0.1'), 'listening');
  });
  afterAll(async () => {
    await stopHosts();
    deaf.close();
  });

  it('is no matter to a stateless route, and 503 for the others, never a stranger', async () => {
    const good = bearer(host.alice.access);
    const stateless = await host.client.get('/cats/stateless', good);
    expect(stateless).toMatchObject({ status: 200, body: { id: '1' } });
    for (const path of ['/cats/guarded', '/cats/optional']) {
      // What is known in memory counts for a moment.
      expect((await soon(503, () => host.client.get(path, good))).status).toBe(503);
      const unknown = await host.client.get(path);
      expect(unknown.status).toBe(path === '/cats/optional' ? 200 : 401);
    }
  });
});
