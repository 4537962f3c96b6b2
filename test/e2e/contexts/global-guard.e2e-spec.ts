import {
  Body,
  Controller,
  Get,
  Module,
  Post,
  UseFilters,
  type NestHybridApplicationOptions,
  type Type,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { GraphQLModule, Query, Resolver } from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import { MessagePattern } from '@nestjs/microservices';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { firstValueFrom } from 'rxjs';
import { io } from 'socket.io-client';
import {
  AccountModule,
  AuthErrorFilter,
  AuthenticationGuard,
  CurrentUser,
  HealthModule,
  JwksModule,
  JwtAuthGuard,
  OptionalJwtAuthGuard,
  PasswordHasher,
  Public,
  StatelessJwtAuthGuard,
  UseAuthentication,
  configureApp,
  type AuthenticatedUser,
} from '../../../src/index.js';
import type { CandidateCheck } from '../../../src/passwords/password-hasher.js';
import { PLATFORMS, startHost, stopHosts } from '../hosts/host.js';
import {
  PASSWORD,
  bearer,
  createUser,
  hostModule,
  startGuardedHost,
  type GuardedHost,
} from './guarded-host.js';
import type { GraphqlAnswer } from './graphql-client.js';
import { startTcp } from './tcp-service.js';

jest.setTimeout(60_000);

@Controller('cats')
class CatsController {
  @Get()
  list(@CurrentUser() user?: AuthenticatedUser) {
    return { user: user?.username ?? 'nobody' };
  }

  @Public()
  @Get('open')
  open(@CurrentUser() user?: AuthenticatedUser) {
    return { user: user?.username ?? 'nobody' };
  }

  @UseAuthentication('BasicAuthentication')
  @Get('basic')
  basic(@CurrentUser() user: AuthenticatedUser) {
    return { user: user.username };
  }
}

@Public()
@Controller('prices')
class PricesController {
  @Get()
  list() {
    return [];
  }

  @Public(false)
  @Get('secret')
  secret() {
    return [];
  }

  @Post()
  echo(@Body() body: unknown) {
    return body;
  }
}

/** Keeps passwords as they are, and counts how often one is checked. */
class CountingHasher extends PasswordHasher {
  checks = 0;

  override verifyAny(candidates: readonly string[], encoded: string): Promise<CandidateCheck> {
    this.checks += 1;
    const candidate = candidates.find((text) => `plain$${text}` === encoded) ?? null;
    return Promise.resolve({ candidate, matches: candidate !== null, needsUpgrade: false });
  }

  override hash(password: string): Promise<string> {
    return Promise.resolve(`plain$${password}`);
  }
}

/** The feature behind the guard, imported before or behind this package. */
@Module({ controllers: [CatsController, PricesController] })
class FeatureModule {}

const GUARDS: [string, Type][] = [
  ['JwtAuthGuard', JwtAuthGuard],
  ['AuthenticationGuard', AuthenticationGuard],
  ['StatelessJwtAuthGuard', StatelessJwtAuthGuard],
];

describe.each(PLATFORMS)('a global guard on %s', (platform) => {
  describe.each(GUARDS)('%s', (_name, guard) => {
    let host: GuardedHost;

    beforeAll(async () => {
      host = await startGuardedHost(
        await hostModule('global_guard', {
          imports: [FeatureModule, AccountModule, HealthModule, JwksModule],
          providers: [{ provide: APP_GUARD, useClass: guard }],
        }),
        { platform },
      );
    });
    afterAll(stopHosts);

    it('closes every route of the host', async () => {
      expect((await host.client.get('/cats')).status).toBe(401);
      expect((await host.client.get('/cats', bearer(host.alice.access))).status).toBe(200);
    });

    it('leaves what is public open, and knows nobody there', async () => {
      expect((await host.client.get('/prices')).status).toBe(200);
      for (const headers of [{}, bearer('junk'), bearer(host.alice.access)]) {
        const answer = await host.client.get('/cats/open', headers);
        expect(answer).toMatchObject({ status: 200, body: { user: 'nobody' } });
      }
    });

    it('closes a handler of a public class that says so', async () => {
      expect((await host.client.get('/prices/secret')).status).toBe(401);
      const known = await host.client.get('/prices/secret', bearer(host.alice.access));
      expect(known.status).toBe(200);
    });

    it('leaves log-in and the other views for everybody open', async () => {
      const pair = await host.client.login('alice', PASSWORD);
      const refreshed = await host.client.refresh(pair.refresh);
      expect(refreshed.status).toBe(200);
      expect((await host.client.verify(refreshed.body.access)).status).toBe(200);
      expect((await host.client.blacklist(refreshed.body.refresh)).status).toBe(200);
      expect((await host.client.get('/health/live')).status).toBe(200);
      expect((await host.client.get('/.well-known/jwks.json')).status).toBe(200);
      expect((await host.client.send('OPTIONS', '/login/simpleJWT')).status).toBe(200);
      expect((await host.client.get('/users/me')).status).toBe(401);
      expect((await host.client.me(host.alice.access)).status).toBe(200);
    });
  });

  it('knows who is there on routes for everybody, if it is OptionalJwtAuthGuard', async () => {
    const host = await startGuardedHost(
      await hostModule('global_optional', {
        imports: [FeatureModule],
        providers: [{ provide: APP_GUARD, useClass: OptionalJwtAuthGuard }],
      }),
      { platform },
    );
    expect((await host.client.get('/cats')).body).toEqual({ user: 'nobody' });
    const known = await host.client.get('/cats', bearer(host.alice.access));
    expect(known.body).toEqual({ user: 'alice' });
  });

  it('lets a handler have a chain of its own, and checks its password once', async () => {
    const hasher = new CountingHasher();
    const host = await startGuardedHost(
      await hostModule(
        'global_chain',
        {
          imports: [FeatureModule],
          providers: [{ provide: APP_GUARD, useClass: AuthenticationGuard }],
        },
        { overrides: { passwordHasher: { useValue: hasher } } },
      ),
      { platform },
    );
    const basic = (password: string) => ({
      authorization: `Basic ${Buffer.from(`alice:${password}`).toString('base64')}`,
    });
    hasher.checks = 0;
    expect((await host.client.get('/cats/basic', basic(PASSWORD))).body).toEqual({ user: 'alice' });
    expect(hasher.checks).toBe(1);
    expect((await host.client.get('/cats/basic', basic('wrong'))).status).toBe(401);
    expect((await host.client.get('/cats/basic', bearer(host.alice.access))).status).toBe(401);
  });
});

describe('the order of imports', () => {
  it.each(['before', 'behind'] as const)(
    'is no matter: the guarded feature stands %s this package',
    async (place) => {
      const own = await hostModule('order', {
        providers: [{ provide: APP_GUARD, useClass: JwtAuthGuard }],
      });
      const imports = own.imports ?? [];
      const host = await startHost(
        {
          ...own,
          imports: place === 'before' ? [FeatureModule, ...imports] : [...imports, FeatureModule],
        },
        { configure: configureApp },
      );
      await createUser(host, 'alice');
      const { access } = await host.client.login('alice', PASSWORD);
      expect((await host.client.get('/cats')).status).toBe(401);
      expect((await host.client.get('/cats', bearer(access))).body).toEqual({ user: 'alice' });
      expect((await host.client.get('/prices')).status).toBe(200);
      await stopHosts();
    },
  );
});

@Resolver()
@UseFilters(AuthErrorFilter)
class CatsResolver {
  @Query(() => String)
  hidden(@CurrentUser() user?: AuthenticatedUser): string {
    return user?.username ?? 'nobody';
  }

  @Public()
  @Query(() => String)
  open(@CurrentUser() user?: AuthenticatedUser): string {
    return user?.username ?? 'nobody';
  }
}

@WebSocketGateway()
@UseFilters(AuthErrorFilter)
class CatsGateway {
  @SubscribeMessage('hidden')
  hidden(@CurrentUser() user?: AuthenticatedUser) {
    return { event: 'answer', data: user?.username ?? 'nobody' };
  }

  @Public()
  @SubscribeMessage('open')
  open(@CurrentUser() user?: AuthenticatedUser) {
    return { event: 'answer', data: user?.username ?? 'nobody' };
  }
}

@Controller()
@UseFilters(AuthErrorFilter)
class CatMessagesController {
  @MessagePattern('hidden')
  hidden(@CurrentUser() user?: AuthenticatedUser) {
    return user?.username ?? 'nobody';
  }

  @Public()
  @MessagePattern('open')
  open(@CurrentUser() user?: AuthenticatedUser) {
    return user?.username ?? 'nobody';
  }
}

/** Asks a handler with a token or without one: what it answers, or the code of the refusal. */
type Ask = (name: 'hidden' | 'open', token?: string) => Promise<unknown>;

describe('a global guard beside HTTP', () => {
  let host: GuardedHost;
  const asks: Record<string, Ask> = {};
  const ends: (() => unknown)[] = [];

  beforeAll(async () => {
    host = await startGuardedHost(
      await hostModule('global_contexts', {
        imports: [
          GraphQLModule.forRoot<MercuriusDriverConfig>({
            driver: MercuriusDriver,
            autoSchemaFile: true,
          }),
        ],
        controllers: [CatMessagesController],
        providers: [CatsResolver, CatsGateway, { provide: APP_GUARD, useClass: JwtAuthGuard }],
      }),
      { configure: (app) => app.useWebSocketAdapter(new IoAdapter(app)) },
    );
    const inheriting = await connectMessages(host, { inheritAppConfig: true });
    const bare = await connectMessages(host, {});
    ends.push(inheriting.end, bare.end);
    Object.assign(asks, {
      resolvers: askGraphql(host),
      gateways: askGateway(host),
      'message handlers': inheriting.ask,
      bare: bare.ask,
    });
  });
  afterAll(async () => {
    for (const end of ends) end();
    await stopHosts();
  });

  it.each(['resolvers', 'gateways', 'message handlers'])(
    'closes %s, and leaves open what is public',
    async (name) => {
      const ask = asks[name]!;
      expect(await ask('hidden')).toBe('not_authenticated');
      expect(await ask('hidden', 'junk')).toBe('token_not_valid');
      expect(await ask('hidden', host.alice.access)).toBe('alice');
      for (const token of [undefined, 'junk', host.alice.access]) {
        expect(await ask('open', token)).toBe('nobody');
      }
    },
  );

  it('does not reach message handlers that inherit nothing, as Nest has it', async () => {
    expect(await asks['bare']!('hidden')).toBe('nobody');
  });
});

function askGraphql(host: GuardedHost): Ask {
  return async (name, token) => {
    const { body } = await host.client.post<GraphqlAnswer>(
      '/graphql',
      { query: `{ ${name} }` },
      token === undefined ? {} : bearer(token),
    );
    return body.errors?.[0]?.extensions['code'] ?? body.data?.[name];
  };
}

function askGateway(host: GuardedHost): Ask {
  return (name, token) => {
    const socket = io(host.url, { transports: ['websocket'], forceNew: true, auth: { token } });
    return new Promise<unknown>((resolve) => {
      socket.once('answer', resolve);
      socket.once('exception', ({ code }: { code: string }) => resolve(code));
      socket.emit(name, {});
    }).finally(() => socket.disconnect());
  };
}

async function connectMessages(
  host: GuardedHost,
  hybrid: NestHybridApplicationOptions,
): Promise<{ ask: Ask; end: () => unknown }> {
  const client = await startTcp(host.app, hybrid);
  return {
    ask: (name, token) =>
      firstValueFrom(client.send<unknown>(name, { token })).catch(
        ({ code }: { code: string }) => code,
      ),
    end: () => client.close(),
  };
}
