import { Controller, Get, Injectable, Module, UseGuards, type Type } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import {
  AuthError,
  Authentication,
  AuthenticationGuard,
  CurrentUser,
  UseAuthentication,
  UserStore,
  configureApp,
  type Authenticated,
  type AuthenticatedUser,
  type CredentialSource,
  type Override,
} from '../../../src/index.js';
import {
  bearer,
  hostModule,
  startGuardedHost,
  type GuardedHost,
} from '../contexts/guarded-host.js';
import { startHost, stopHosts } from './host.js';

jest.setTimeout(60_000);

/** What the host itself provides, and its authentication class injects. */
@Injectable()
class ApiKeys {
  readonly owners = new Map([['the-key-of-alice', 'alice']]);
}

@Module({ providers: [ApiKeys], exports: [ApiKeys] })
class ApiKeysModule {}

@Injectable()
class ApiKeyAuthentication extends Authentication {
  override readonly name: string = 'ApiKeyAuthentication';
  override readonly challenge = 'ApiKey realm="api"';

  constructor(
    private readonly keys: ApiKeys,
    private readonly users: UserStore,
  ) {
    super();
  }

  override async authenticate(request: CredentialSource): Promise<Authenticated | null> {
    const key = request.headers['x-api-key'];
    if (typeof key !== 'string') return null;
    const user = await this.users.findByUsername(this.keys.owners.get(key) ?? '');
    if (!user) throw new AuthError('authentication_failed', { detail: 'Invalid API key.' });
    const { id, username, isActive, isStaff } = user;
    return { user: { id, username, isActive, isStaff } };
  }
}

@Controller()
class WhoController {
  @Get('standard')
  @UseGuards(AuthenticationGuard)
  standard(@CurrentUser() user: AuthenticatedUser) {
    return { name: user.username };
  }

  @Get('keys-only')
  @UseAuthentication('ApiKeyAuthentication')
  keysOnly(@CurrentUser() user: AuthenticatedUser) {
    return { name: user.username };
  }

  @Get('passport')
  @UseGuards(AuthGuard(['ApiKeyAuthentication', 'jwt']))
  passport(@CurrentUser() user: AuthenticatedUser) {
    return { name: user.username };
  }
}

const KEY = { 'x-api-key': 'the-key-of-alice' };
const WRONG = { 'x-api-key': 'wrong' };

describe.each<[string, Override<Authentication>]>([
  ['a class', ApiKeyAuthentication],
  [
    'a factory',
    {
      inject: [ApiKeys, UserStore],
      useFactory: (keys: ApiKeys, users: UserStore) => new ApiKeyAuthentication(keys, users),
    },
  ],
])("a host's authentication class, given as %s", (_how, authentication) => {
  let host: GuardedHost;

  beforeAll(async () => {
    host = await startGuardedHost(
      await hostModule(
        'api_keys',
        { controllers: [WhoController] },
        {
          imports: [ApiKeysModule],
          authenticationClasses: ['JWTAuthentication', 'ApiKeyAuthentication'],
          overrides: { authentications: [authentication] },
        },
      ),
    );
  });
  afterAll(stopHosts);

  it.each(['/standard', '/keys-only', '/passport'])(
    'opens %s to its credentials, and ends a request with wrong ones',
    async (path) => {
      expect(await host.client.get(path, KEY)).toMatchObject({
        status: 200,
        body: { name: 'alice' },
      });
      const refused = await host.client.get(path, WRONG);
      expect(refused).toMatchObject({ status: 401, body: { detail: 'Invalid API key.' } });
    },
  );

  it('stands beside the other classes of the setting', async () => {
    const token = bearer(host.alice.access);
    expect((await host.client.get('/standard', token)).body).toEqual({ name: 'alice' });
    const refused = await host.client.get('/standard');
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
      401,
      'Bearer realm="api"',
    ]);
  });

  it('has a chain alone, whose challenge is its own and where a token counts for nothing', async () => {
    for (const headers of [{}, bearer(host.alice.access)]) {
      const refused = await host.client.get('/keys-only', headers);
      expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
        401,
        'ApiKey realm="api"',
      ]);
    }
  });
});

describe("a host's authentication class stops the start", () => {
  @Injectable()
  class Renamed extends ApiKeyAuthentication {
    override readonly name = 'BasicAuthentication';
  }
  class Lookalike {}

  it.each<[string, Type, string]>([
    [
      'with the name of one of ours',
      Renamed,
      'Two authentication classes are named "BasicAuthentication", one of them Renamed of overrides.authentications. Example: override readonly name = \'MyBasicAuthentication\'',
    ],
    [
      'that is none',
      Lookalike,
      'overrides.authentications[0] does not extend Authentication, so that it would not be asked everywhere. Example: class MyAuthentication extends Authentication, and overrides: { authentications: [MyAuthentication] }',
    ],
  ])('%s', async (_what, authentication, message) => {
    const own = await hostModule(
      `misnamed_${authentication.name.toLowerCase()}`,
      {},
      {
        imports: [ApiKeysModule],
        overrides: { authentications: [authentication as Type<Authentication>] },
      },
    );
    await expect(startHost(own, { configure: configureApp })).rejects.toThrow(message);
    await stopHosts();
  });
});
