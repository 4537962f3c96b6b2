import { Controller, Get, Header, UseGuards, type Type } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import {
  CurrentUser,
  JwksController,
  JwtAuthGuard,
  KeysModule,
  OptionalJwtAuthGuard,
  Public,
  TokenController,
  TokenVerifyDto,
  UseAuthentication,
  type AuthenticatedUser,
} from '../../../src/index.js';
import { PLATFORMS, stopHosts } from '../hosts/host.js';
import {
  PASSWORD,
  bearer,
  hostModule,
  startGuardedHost,
  type GuardedHost,
} from './guarded-host.js';

jest.setTimeout(60_000);

class DevicesController extends TokenController {
  @UseGuards(JwtAuthGuard)
  @Get('devices')
  devices(@CurrentUser() user: AuthenticatedUser) {
    return { user: user.username };
  }

  @UseAuthentication('BasicAuthentication')
  @Get('devices/report')
  report(@CurrentUser() user: AuthenticatedUser) {
    return { user: user.username };
  }

  @Get('devices/count')
  count() {
    return { count: 1 };
  }

  @UseGuards(JwtAuthGuard)
  override verify(body: TokenVerifyDto) {
    return super.verify(body);
  }
}

@Public()
@Controller('prices')
class PricesController {
  @Get()
  list() {
    return { user: 'anybody' };
  }

  @UseGuards(JwtAuthGuard)
  @Get('own')
  own(@CurrentUser() user: AuthenticatedUser) {
    return { user: user.username };
  }

  @UseAuthentication('BasicAuthentication')
  @Get('basic')
  basic(@CurrentUser() user: AuthenticatedUser) {
    return { user: user.username };
  }

  @UseGuards(OptionalJwtAuthGuard)
  @Get('offers')
  offers(@CurrentUser() user?: AuthenticatedUser) {
    return { user: user?.username ?? 'nobody' };
  }

  @Public()
  @UseGuards(OptionalJwtAuthGuard)
  @Get('news')
  news(@CurrentUser() user?: AuthenticatedUser) {
    return { user: user?.username ?? 'nobody' };
  }

  /** A guard that a host has made itself. */
  @UseGuards(class HostGuard extends JwtAuthGuard {})
  @Get('extended')
  extended(@CurrentUser() user: AuthenticatedUser) {
    return { user: user.username };
  }
}

@UseAuthentication('BasicAuthentication')
@Controller('wholesale')
class WholesaleController extends PricesController {
  @Get('stock')
  stock(@CurrentUser() user: AuthenticatedUser) {
    return { user: user.username };
  }
}

@Controller('.well-known')
class OwnJwksController extends JwksController {
  @Get('key-plan')
  @Header('Cache-Control', 'no-store')
  plan() {
    return { plan: 'secret' };
  }
}

const basic = {
  authorization: `Basic ${Buffer.from(`alice:${PASSWORD}`).toString('base64')}`,
};

describe.each(PLATFORMS)('what is public on %s', (platform) => {
  const start = (name: string, guards: Type[]): Promise<GuardedHost> =>
    hostModule(
      name,
      {
        imports: [KeysModule],
        controllers: [PricesController, WholesaleController, OwnJwksController],
        providers: guards.map((useClass) => ({ provide: APP_GUARD, useClass })),
      },
      { tokenController: DevicesController },
    ).then((module) => startGuardedHost(module, { platform }));

  describe.each<[string, Type[]]>([
    ['without a global guard', []],
    ['with a global guard', [JwtAuthGuard]],
  ])('%s', (_where, guards) => {
    let host: GuardedHost;
    beforeAll(async () => {
      host = await start('public_routes', guards);
    });
    afterAll(stopHosts);

    it.each(['/devices', '/prices/own', '/prices/extended'])(
      'is not %s, which names a guard itself',
      async (path) => {
        expect((await host.client.get(path)).status).toBe(401);
        const known = await host.client.get(path, bearer(host.alice.access));
        expect(known).toMatchObject({ status: 200, body: { user: 'alice' } });
      },
    );

    it.each(['/devices/report', '/prices/basic', '/wholesale/stock'])(
      'is not %s, which names a chain',
      async (path) => {
        expect((await host.client.get(path)).status).toBe(401);
        // A global guard of another kind asks first.
        const known = await host.client.get(path, basic);
        expect(known.status).toBe(guards.length > 0 ? 401 : 200);
      },
    );

    it('is not a token view whose overriding method names a guard', async () => {
      const { access } = host.alice;
      expect((await host.client.verify(access)).status).toBe(401);
      const path = '/login/simpleJWT/verify';
      expect((await host.client.post(path, { token: access }, bearer(access))).status).toBe(200);
    });

    it('is every other token view, and a handler of a public class', async () => {
      const { refresh } = await host.client.login('alice', PASSWORD);
      expect((await host.client.refresh(refresh)).status).toBe(200);
      expect((await host.client.send('OPTIONS', '/login/simpleJWT')).status).toBe(200);
      expect((await host.client.get('/prices')).status).toBe(200);
      expect((await host.client.get('/.well-known/jwks.json')).status).toBe(200);
    });
  });

  it.each<[string, Type]>([
    ['JwtAuthGuard', JwtAuthGuard],
    ['OptionalJwtAuthGuard', OptionalJwtAuthGuard],
  ])('knows who is there if it asks, with %s as the global guard', async (_name, guard) => {
    const host = await start('public_optional', [guard]);
    for (const path of ['/prices/offers', '/prices/news']) {
      expect((await host.client.get(path)).body).toEqual({ user: 'nobody' });
      expect((await host.client.get(path, bearer('junk'))).body).toEqual({ user: 'nobody' });
      const known = await host.client.get(path, bearer(host.alice.access));
      expect(known.body).toEqual({ user: 'alice' });
    }
    const login = { username: 'alice', password: PASSWORD };
    const malformed = { authorization: 'Bearer a b c' };
    expect((await host.client.post('/login/simpleJWT', login, malformed)).status).toBe(200);
    await stopHosts();
  });

  it('is no route that a subclass adds to our controllers, with a global guard', async () => {
    const host = await start('public_added', [JwtAuthGuard]);
    for (const path of ['/devices/count', '/.well-known/key-plan']) {
      expect((await host.client.get(path)).status).toBe(401);
      expect((await host.client.get(path, bearer(host.alice.access))).status).toBe(200);
    }
    await stopHosts();
  });
});
