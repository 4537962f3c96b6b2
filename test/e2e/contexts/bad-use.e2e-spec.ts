import { generateKeyPairSync } from 'node:crypto';
import {
  Controller,
  Get,
  Injectable,
  Module,
  UseGuards,
  type ModuleMetadata,
  type Type,
} from '@nestjs/common';
import { AuthGuard, PassportModule, PassportStrategy } from '@nestjs/passport';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Strategy as BaseJwtStrategy } from 'passport-jwt';
import { Strategy as BaseLocalStrategy } from 'passport-local';
import {
  AuthModule,
  AuthenticationGuard,
  JwtAuthGuard,
  LocalAuthGuard,
  OptionalJwtAuthGuard,
  StatelessAuthModule,
  StatelessJwtAuthGuard,
  UseAuthentication,
  UserStore,
  configureApp,
  type AuthModuleExtras,
  type AuthOverrides,
  type Override,
  type SettingsInput,
} from '../../../src/index.js';
import { SIGNING_KEY, hostDatabase, hostTypeOrm, startHost, stopHosts } from '../hosts/host.js';
import { bearer, hostModule, startGuardedHost } from './guarded-host.js';

jest.setTimeout(60_000);

afterAll(stopHosts);

/** What stopped the start. */
async function refusal(start: Promise<unknown>): Promise<string> {
  const error = await start.then(
    () => new Error('the host started'),
    (reason: unknown) => reason as Error,
  );
  await stopHosts();
  return `${error.name}: ${error.message}`;
}

describe('a guard in an application without AuthModule', () => {
  it.each<[string, Type]>([
    ['JwtAuthGuard', JwtAuthGuard],
    ['OptionalJwtAuthGuard', OptionalJwtAuthGuard],
    ['StatelessJwtAuthGuard', StatelessJwtAuthGuard],
    ['AuthenticationGuard', AuthenticationGuard],
    ['LocalAuthGuard', LocalAuthGuard],
  ])('%s stops the start with what to import', async (name, guard) => {
    @Controller()
    class CatsController {
      @Get()
      @UseGuards(guard)
      list() {
        return [];
      }
    }
    @Module({ controllers: [CatsController] })
    class AppModule {}

    const message = await refusal(startHost(AppModule));
    expect(message).toContain(`ConfigError: ${name} is used, and AuthModule is not part of`);
    expect(message).toContain('imports: [AuthModule.forRoot(');
  });
});

describe('a chain of a class that does not exist', () => {
  const known =
    'Use JWTAuthentication, JWTStatelessUserAuthentication, BasicAuthentication, TokenAuthentication, SessionAuthentication, or add yours. Example: overrides: { authentications: [MyAuthentication] }';

  it('stops the start with the handler that names it', async () => {
    @Controller()
    class CatsController {
      @Get()
      @UseAuthentication('jwt')
      list() {
        return [];
      }
    }
    expect(
      await refusal(startHost(await hostModule('no_class', { controllers: [CatsController] }))),
    ).toBe(
      `ConfigError: @UseAuthentication() of CatsController.list: there is no class "jwt". ${known}`,
    );
  });

  it('stops the start with the setting that names it', async () => {
    const settings = { authenticationClasses: ['jwt'] };
    expect(await refusal(startHost(await hostModule('no_class', {}, settings)))).toBe(
      `ConfigError: authenticationClasses: there is no class "jwt". ${known}`,
    );
  });
});

describe('a chain that a handler names', () => {
  const userStore: Override<UserStore> = {
    useFactory: () =>
      Object.assign(Object.create(UserStore.prototype) as UserStore, {
        table: { name: 'elsewhere', tokenId: 'id' },
      }),
  };
  const { privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });

  @Controller()
  class PlainController {
    @Get()
    @UseAuthentication('BasicAuthentication', 'TokenAuthentication')
    list() {
      return [];
    }
  }
  @Controller()
  @UseAuthentication('SessionAuthentication')
  class SessionPagesController {
    @Get()
    list() {
      return [];
    }
  }
  @Injectable()
  class PagesResolver {
    @UseAuthentication('SessionAuthentication')
    pages() {
      return [];
    }
  }

  it.each<[string, ModuleMetadata, SettingsInput & AuthModuleExtras, string]>([
    [
      'with users of its own, TokenAuthentication of a handler',
      { controllers: [PlainController] },
      { overrides: { userStore } },
      "overrides.userStore cannot be used with TokenAuthentication, which finds users of Django's auth_user table. Leave it out of @UseAuthentication() of PlainController.list.",
    ],
    [
      'with users of its own, SessionAuthentication of a class',
      { controllers: [SessionPagesController] },
      { overrides: { userStore } },
      'Leave it out of @UseAuthentication() of SessionPagesController.',
    ],
    [
      'with a private key alone, SessionAuthentication of a resolver',
      { providers: [PagesResolver] },
      { algorithm: 'ES256', signingKey: privateKey },
      '@UseAuthentication() of PagesResolver.pages: sessionSecretKey must be set for SessionAuthentication with ES256',
    ],
  ])('stops the start as the setting would: %s', async (_what, own, settings, problem) => {
    const message = await refusal(startHost(await hostModule('chains', own, settings)));
    expect(message).toContain('ConfigError: ');
    expect(message).toContain(problem);
  });

  it('lets the start go on where a secret for sessions is there', async () => {
    const settings = { algorithm: 'ES256', signingKey: privateKey, sessionSecretKey: SIGNING_KEY };
    const own = { controllers: [SessionPagesController] };
    const { client } = await startHost(await hostModule('chains', own, settings));
    expect((await client.get('/')).status).toBe(403);
    await stopHosts();
  });
});

describe('a module of this package', () => {
  const typeOrm = async () => TypeOrmModule.forRoot(hostTypeOrm(await hostDatabase('modules')));

  it('AuthModule without forRoot stops the start with an example', async () => {
    const imports = [await typeOrm(), AuthModule];
    expect(await refusal(startHost({ module: class AppModule {}, imports }))).toBe(
      'ConfigError: AuthModule is imported without its settings. Example: imports: [AuthModule.forRoot({ signingKey: process.env.SIGNING_KEY })]',
    );
  });

  it('StatelessAuthModule beside AuthModule stops the start with which to leave out', async () => {
    const jwkUrl = 'https://login.example/.well-known/jwks.json';
    const stateless = StatelessAuthModule.forRoot({ jwkUrl, algorithm: 'ES256' });
    const own = await hostModule('both', { imports: [stateless] });
    expect(await refusal(startHost(own))).toBe(
      'ConfigError: AuthModule and StatelessAuthModule are both imported. Leave StatelessAuthModule out: StatelessJwtAuthGuard works with AuthModule as well.',
    );
  });
});

describe('an override that extends nothing of ours', () => {
  class Lookalike {
    allows(): boolean {
      return false;
    }
  }
  const remedy =
    'overrides.authenticationRule does not extend UserAuthenticationRule, so that it would not be asked everywhere. Example: class MyUserAuthenticationRule extends UserAuthenticationRule, and overrides: { authenticationRule: MyUserAuthenticationRule }';

  it.each<[string, unknown]>([
    ['a plain object', { useValue: { allows: () => false } }],
    ['what a factory makes', { useFactory: () => new Lookalike() }],
    ['a class', Lookalike],
  ])('stops the start with the remedy: %s', async (_what, authenticationRule) => {
    const overrides = { authenticationRule } as AuthOverrides;
    const start = async () => startHost(await hostModule('lookalike', {}, { overrides }));
    expect(await refusal(start())).toBe(`ConfigError: ${remedy}`);
  });
});

describe('configureApp', () => {
  @Module({})
  class EmptyModule {}

  it('says what to import where AuthModule is missing', async () => {
    const message = await refusal(startHost(EmptyModule, { configure: configureApp }));
    expect(message).toContain('ConfigError: configureApp is used, and AuthModule is not part of');
  });

  it('says that it is too late when the application is initialised', async () => {
    const { app } = await startHost(EmptyModule);
    expect(() => configureApp(app)).toThrow('Call it before app.init() and app.listen().');
    await stopHosts();
  });
});

describe('a guard in a module that imports nothing of ours', () => {
  it('works, as AuthModule is known in the whole application', async () => {
    @Controller('cats')
    @UseGuards(JwtAuthGuard)
    class CatsController {
      @Get()
      list() {
        return ['cat'];
      }
    }
    @Module({ controllers: [CatsController] })
    class CatsModule {}

    const host = await startGuardedHost(await hostModule('no_import', { imports: [CatsModule] }));
    expect((await host.client.get('/cats')).status).toBe(401);
    expect((await host.client.get('/cats', bearer(host.alice.access))).body).toEqual(['cat']);
    await stopHosts();
  });
});

describe("a host's own passport strategy", () => {
  @Injectable()
  class HostJwtStrategy extends PassportStrategy(BaseJwtStrategy) {
    constructor() {
      super({ jwtFromRequest: () => null, secretOrKey: SIGNING_KEY });
    }

    validate(user: unknown): unknown {
      return user;
    }
  }
  @Injectable()
  class HostLocalStrategy extends PassportStrategy(BaseLocalStrategy) {
    validate(username: string): unknown {
      return { username };
    }
  }
  @Injectable()
  class OtherJwtStrategy extends PassportStrategy(BaseJwtStrategy, 'partners-jwt') {
    constructor() {
      super({ jwtFromRequest: () => null, secretOrKey: SIGNING_KEY });
    }

    validate(user: unknown): unknown {
      return user;
    }
  }

  async function hostWith(strategy: Type, place: 'before' | 'behind') {
    @Controller('partners')
    class PartnersController {
      @Get()
      @UseGuards(AuthGuard('partners-jwt'))
      list() {
        return [];
      }
    }
    @Module({
      imports: [PassportModule],
      providers: [strategy],
      controllers: [PartnersController],
    })
    class HostAuthModule {}
    const own = await hostModule('strategies', {});
    const imports = own.imports ?? [];
    return {
      ...own,
      imports: place === 'before' ? [HostAuthModule, ...imports] : [...imports, HostAuthModule],
    };
  }

  it.each([
    ['jwt', HostJwtStrategy, 'before'],
    ['jwt', HostJwtStrategy, 'behind'],
    ['local', HostLocalStrategy, 'before'],
    ['local', HostLocalStrategy, 'behind'],
  ] as const)(
    'named %s as ours stops the start, naming both and the remedy (%p, imported %s this package)',
    async (name, strategy, place) => {
      const module = await hostWith(strategy, place);
      const message = await refusal(startHost(module, { configure: configureApp }));
      expect(message).toContain(`ConfigError: Two passport strategies are named "${name}"`);
      expect(message).toContain(`${strategy.name} of HostAuthModule, and that of AuthModule`);
      expect(message).toContain(`AuthGuard('my-${name}')`);
    },
  );

  it('with a name of its own stands beside ours', async () => {
    const host = await startGuardedHost(await hostWith(OtherJwtStrategy, 'behind'));
    expect((await host.client.me(host.alice.access)).status).toBe(404);
    expect((await host.client.get('/partners', bearer(host.alice.access))).status).toBe(401);
    await stopHosts();
  });
});
