import { Controller, Injectable, Module, type INestApplication } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import {
  AuthModule,
  PasswordHasher,
  TokenClaims,
  TokenController,
  UsersService,
  configureApp,
  type RequestContext,
  type SettingsInput,
} from '../../src/index.js';
import { BrowserPage, CookieJar } from '../support/browser-page.js';
import {
  PLATFORMS,
  SIGNING_KEY,
  hostDatabase,
  hostTypeOrm,
  startHost,
  stopHosts,
  type Host,
} from './hosts/host.js';

jest.setTimeout(30_000);

const PASSWORD = 'a good password';

/** Knows nothing of cookies. */
@Controller()
class GreetingTokenController extends TokenController {
  override async refresh(body: { refresh: string }, context: RequestContext) {
    const { access, refresh } = await super.refresh(body, context);
    return { access, refresh, greeting: 'hello', length: body.refresh.length };
  }
}

interface PlatformResponse {
  setHeader(name: string, value: string): void;
}

/** A cookie of the host's own on every answer. */
function withOwnCookie(app: INestApplication): void {
  app.use((_request: unknown, response: PlatformResponse, next: () => void) => {
    response.setHeader('Set-Cookie', 'host=1; Max-Age=60; Path=/');
    next();
  });
}

const CASES = PLATFORMS.flatMap((platform) => [
  { platform, isConfigured: true },
  { platform, isConfigured: false },
]);

describe.each(CASES)('cookie mode of a host: %j', ({ platform, isConfigured }) => {
  let host: Host;
  let page: BrowserPage;

  beforeAll(async () => {
    const url = await hostDatabase('cookie');
    @Module({
      imports: [
        TypeOrmModule.forRoot(hostTypeOrm(url)),
        AuthModule.forRootAsync({
          useFactory: () => Promise.resolve({ signingKey: SIGNING_KEY, refreshCookie: true }),
          tokenController: GreetingTokenController,
          paths: { obtainPair: ['/log-in'], refresh: ['/renew'], blacklist: ['/log-out/'] },
        }),
      ],
    })
    class AppModule {}

    host = await startHost(AppModule, {
      platform,
      configure: (app) => {
        app.setGlobalPrefix('v1');
        withOwnCookie(app);
        if (isConfigured) configureApp(app as never);
      },
    });
    const password = await host.app.get(PasswordHasher).hash(PASSWORD);
    const users = host.app.get(UsersService, { strict: false });
    await users.createMissing({ username: 'alice', password });
  });
  beforeEach(async () => {
    page = new BrowserPage(host.url);
    const credentials = { username: 'alice', password: PASSWORD };
    const answer = await page.post('/v1/log-in', credentials);
    expect(answer).toMatchObject({ status: 200, body: { access: expect.any(String) } });
    expect(answer.body).not.toHaveProperty('refresh');
  });
  afterAll(stopHosts);

  it('finds the paths of the views, the prefix before them, and keeps cookies of the host', () => {
    const cookie = expect.stringMatching(/^host=1; __Secure-refresh=[\w.-]+$/);
    expect(page.jar.headerFor('/v1/renew')).toEqual(cookie);
    expect(page.jar.headerFor('/v1/log-out')).toEqual(cookie);
    for (const path of ['/v1/log-in', '/v1', '/renew']) {
      expect(page.jar.headerFor(path)).toBe('host=1');
    }
  });

  it('carries the token past a controller that extends ours', async () => {
    const before = page.jar.headerFor('/v1/renew');
    const renewed = await page.post('/v1/renew');
    expect(renewed).toMatchObject({ status: 200, body: { greeting: 'hello' } });
    expect(renewed.body).not.toHaveProperty('refresh');
    expect(renewed.body).toHaveProperty('length', before.split('=').at(-1)?.length);
    expect(page.jar.headerFor('/v1/renew')).not.toBe(before);
    expect((await page.post('/v1/renew', {})).status).toBe(200);
    expect((await page.post('/v1/log-out')).status).toBe(200);
    expect(page.jar.headerFor('/v1/renew')).toBe('host=1');
  });

  it('refuses other sites', async () => {
    const foreign = new BrowserPage(host.url, page.jar, { 'sec-fetch-site': 'cross-site' });
    for (const path of ['/v1/renew', '/v1/log-out']) {
      const answer = await foreign.post(path, 'x=1', {
        'content-type': 'application/x-www-form-urlencoded',
      });
      // Without our rules a host on Fastify reads no forms.
      expect([403, 415]).toContain(answer.status);
      expect((await foreign.post(path)).status).toBe(403);
      expect((await foreign.post(path, {})).status).toBe(403);
    }
    expect((await page.post('/v1/renew')).status).toBe(200);
  });

  it('serves programs that are no browsers as ever', async () => {
    const program = new BrowserPage(host.url, new CookieJar(), {});
    const { body: pair } = await program.post<{ refresh: string }>('/v1/log-in', {
      username: 'alice',
      password: PASSWORD,
    });
    const answer = await program.post('/v1/renew', { refresh: pair.refresh });
    expect(answer).toMatchObject({ status: 200, body: { refresh: expect.any(String) } });
    expect(program.jar.headerFor('/v1/renew')).toBe('host=1');
  });
});

describe('two applications made one after the other from one module class', () => {
  afterAll(stopHosts);

  it('have each their own cookie mode', async () => {
    const url = await hostDatabase('cookie_again');
    let settings: SettingsInput;
    @Module({
      imports: [
        TypeOrmModule.forRoot(hostTypeOrm(url)),
        AuthModule.forRootAsync({ useFactory: () => settings }),
      ],
    })
    class AppModule {}
    const start = async (mode: SettingsInput): Promise<BrowserPage> => {
      await stopHosts();
      settings = { signingKey: SIGNING_KEY, ...mode };
      const host = await startHost(AppModule);
      const password = await host.app.get(PasswordHasher).hash(PASSWORD);
      const users = host.app.get(UsersService, { strict: false });
      await users.createMissing({ username: 'alice', password });
      return new BrowserPage(host.url);
    };
    const login = { username: 'alice', password: PASSWORD };

    const first = await start({ refreshCookie: true, refreshCookiePaths: ['/first'] });
    expect((await first.post('/login/simpleJWT', login)).body).not.toHaveProperty('refresh');

    const off = await start({ refreshCookie: false });
    const pair = await off.post<{ refresh: string }>('/login/simpleJWT', login);
    expect(pair.body).toHaveProperty('refresh');
    expect(pair.headers.getSetCookie()).toEqual([]);
    const renewed = await off.post('/login/simpleJWT/refresh', { refresh: pair.body.refresh });
    expect(renewed.body).toHaveProperty('refresh');

    const again = await start({ refreshCookie: true, refreshCookiePaths: ['/again'] });
    const answer = await again.post('/login/simpleJWT', login);
    expect(answer.body).not.toHaveProperty('refresh');
    expect(answer.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^__Secure-refresh=[\w.-]+;.*Path=\/again/),
    ]);
    const third = await start({ refreshCookie: true, refreshCookiePaths: ['/third'] });
    expect((await third.post('/login/simpleJWT', login)).headers.getSetCookie()).toEqual([
      expect.stringContaining('Path=/third'),
    ]);
  });
});

describe('a refresh token that no browser would store', () => {
  /** Far more than a token should carry. */
  @Injectable()
  class LongClaims extends TokenClaims {
    override claimsFor() {
      return { story: 'x'.repeat(4096) };
    }
  }
  const warnings: unknown[] = [];

  afterAll(stopHosts);

  it('is told to the operator', async () => {
    const url = await hostDatabase('long_cookie');
    @Module({
      imports: [
        TypeOrmModule.forRoot(hostTypeOrm(url)),
        AuthModule.forRoot({
          signingKey: SIGNING_KEY,
          refreshCookie: true,
          refreshCookiePaths: ['/'],
          overrides: { claims: LongClaims },
        }),
      ],
    })
    class AppModule {}
    const logger = {
      log: () => undefined,
      error: () => undefined,
      warn: (entry: unknown) => warnings.push(entry),
    };
    const host = await startHost(AppModule, { logger });
    const password = await host.app.get(PasswordHasher).hash(PASSWORD);
    await host.app
      .get(UsersService, { strict: false })
      .createMissing({ username: 'alice', password });
    expect((await new BrowserPage(host.url).obtain('alice', PASSWORD)).status).toBe(200);
    expect(warnings).toContainEqual(
      expect.objectContaining({ event: 'refresh_cookie_too_large', bytes: expect.any(Number) }),
    );
  });
});
