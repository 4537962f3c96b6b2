import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import {
  Controller,
  Get,
  Injectable,
  Logger,
  Post,
  UseGuards,
  type ExecutionContext,
} from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { DataSource, Repository } from 'typeorm';
import {
  AuthSettings,
  AuthToken,
  CurrentUser,
  EntityUserStore,
  FromClient,
  JwtAuthGuard,
  LocalAuthGuard,
  LoginHooks,
  OptionalJwtAuthGuard,
  StatelessJwtAuthGuard,
  TokenClaims,
  TokenViewsService,
  UseAuthentication,
  User,
  storedUser,
  type AuthUser,
  type ClaimsSubject,
  type LoggedInUser,
  type RequestContext,
} from '../../src/index.js';
import type { Answer, Pair } from '../support/client.js';
import { LogLines } from '../support/log-lines.js';
import { visitDjango } from '../e2e/contexts/django-session.js';
import {
  PASSWORD,
  bearer,
  hostModule,
  startGuardedHost,
  type GuardedHost,
} from '../e2e/contexts/guarded-host.js';
import { PLATFORMS, stopHosts } from '../e2e/hosts/host.js';

jest.setTimeout(60_000);

const logger = new Logger('host');

/** What a careless handler tells the world: the user itself, and all that can be found in it. */
function tell(user: object) {
  logger.log(user);
  logger.log(inspect(user, { showHidden: true, depth: null }));
  return { user, keys: Object.keys(user), inspected: inspect(user, { depth: null }) };
}

/** Adds something of its own to the user, as hosts do. */
@Injectable()
class TenantGuard extends LocalAuthGuard {
  override handleRequest<TUser>(
    error: unknown,
    user: TUser | false | null,
    info: unknown,
    context: ExecutionContext,
  ): TUser {
    return { ...super.handleRequest(error, user, info, context), tenant: 'acme' };
  }
}

@Controller('tell')
class CarelessController {
  constructor(private readonly views: TokenViewsService) {}

  @UseGuards(LocalAuthGuard)
  @Post('local')
  local(@CurrentUser() user: object) {
    return tell(user);
  }

  @UseGuards(AuthGuard('local'))
  @Post('passport-local')
  passportLocal(@CurrentUser() user: object) {
    return tell(user);
  }

  @UseGuards(AuthGuard(['jwt', 'local']))
  @Post('passport-either')
  passportEither(@CurrentUser() user: object) {
    return tell(user);
  }

  @UseGuards(TenantGuard)
  @Post('own-guard')
  ownGuard(@CurrentUser() user: object) {
    return tell(user);
  }

  @UseAuthentication('BasicAuthentication')
  @Get('basic')
  basic(@CurrentUser() user: object) {
    return tell(user);
  }

  @UseGuards(JwtAuthGuard)
  @Get('jwt')
  jwt(@CurrentUser() user: object) {
    return tell(user);
  }

  @UseGuards(AuthGuard('jwt'))
  @Get('passport-jwt')
  passportJwt(@CurrentUser() user: object) {
    return tell(user);
  }

  @UseGuards(OptionalJwtAuthGuard)
  @Get('optional')
  optional(@CurrentUser() user: object) {
    return tell(user);
  }

  @UseGuards(StatelessJwtAuthGuard)
  @Get('stateless')
  stateless(@CurrentUser() user: object) {
    return tell(user);
  }

  /** A log-in of the host's own. */
  @UseGuards(TenantGuard)
  @Post('log-in')
  async logIn(
    @CurrentUser() user: LoggedInUser & { tenant: string },
    @FromClient() context: RequestContext,
  ) {
    const own = { tenant: user.tenant, plan: planOf(user) };
    return Object.assign(await this.views.obtainPair(user, context), own);
  }

  @UseGuards(AuthGuard('local'))
  @Post('passport-log-in')
  passportLogIn(@CurrentUser() user: LoggedInUser, @FromClient() context: RequestContext) {
    return this.views.obtainPair(user, context);
  }
}

@Controller('tell')
class DjangoController {
  @UseAuthentication('SessionAuthentication')
  @Get('session')
  session(@CurrentUser() user: object) {
    return tell(user);
  }

  @UseAuthentication('TokenAuthentication')
  @Get('token')
  token(@CurrentUser() user: object) {
    return tell(user);
  }
}

/** What a host has of a user, hash and all, in every place that one can think of. */
class WholeUser implements AuthUser {
  id: number;
  username: string;
  password: string;
  isActive: boolean;
  isStaff: boolean;
  tokenId: number;
  plan = 'gold';
  passwordHash: string;
  credentials: { hash: string };

  toJSON(): object {
    return Object.assign({ secret: this.password }, this);
  }
}

function planOf(user: LoggedInUser): string | undefined {
  return (storedUser(user) as Partial<WholeUser>).plan;
}

@Injectable()
class WholeUserStore extends EntityUserStore<User> {
  constructor(@InjectRepository(User) users: Repository<User>, settings: AuthSettings) {
    super(users, settings, {
      username: 'username',
      password: 'password',
      isActive: 'isActive',
      isStaff: 'isStaff',
    });
  }

  override async findByUsername(username: string): Promise<AuthUser | null> {
    const user = await this.users.findOneBy({ username });
    if (user === null) return null;
    const { id, password } = user;
    const more = { tokenId: id, passwordHash: password, credentials: { hash: password } };
    return Object.assign(new WholeUser(), user, more);
  }
}

/** What the seams of the host were given. */
const given: string[] = [];

@Injectable()
class PlanClaims extends TokenClaims {
  override claimsFor(user: ClaimsSubject) {
    return { plan: (user as Partial<WholeUser>).plan };
  }
}

@Injectable()
class Journal extends LoginHooks {
  override onLoginSuccess(user: AuthUser): Promise<void> {
    given.push((user as WholeUser).plan);
    return Promise.resolve();
  }
}

const CREDENTIALS = { username: 'alice', password: PASSWORD };
const BASIC = {
  authorization: `Basic ${Buffer.from(`alice:${PASSWORD}`).toString('base64')}`,
};

/** Everybody's way in, by the path of the handler. */
const WAYS: Record<string, (host: GuardedHost) => Promise<Answer>> = {
  local: ({ client }) => client.post('/tell/local', CREDENTIALS),
  'passport-local': ({ client }) => client.post('/tell/passport-local', CREDENTIALS),
  'passport-either': ({ client }) => client.post('/tell/passport-either', CREDENTIALS),
  'own-guard': ({ client }) => client.post('/tell/own-guard', CREDENTIALS),
  basic: ({ client }) => client.get('/tell/basic', BASIC),
  jwt: ({ client, alice }) => client.get('/tell/jwt', bearer(alice.access)),
  'passport-jwt': ({ client, alice }) => client.get('/tell/passport-jwt', bearer(alice.access)),
  optional: ({ client, alice }) => client.get('/tell/optional', bearer(alice.access)),
  stateless: ({ client, alice }) => client.get('/tell/stateless', bearer(alice.access)),
};

const DJANGO_WAYS: typeof WAYS = {
  session: async (host) =>
    host.client.get('/tell/session', { cookie: (await visitDjango(host, 'alice')).cookie }),
  token: async (host) => {
    const row = { key: 'a'.repeat(40), userId: 1, created: new Date() };
    await host.app.get(DataSource).getRepository(AuthToken).upsert(row, ['key']);
    return host.client.get('/tell/token', { authorization: `Token ${row.key}` });
  },
};

/** Logs in by what the host has made of it, and shows the token. */
async function logIn(host: GuardedHost, path: string): Promise<Answer<Pair>> {
  const answer = await host.client.post<Pair>(path, CREDENTIALS);
  const guarded = await host.client.get('/tell/jwt', bearer(answer.body.access));
  expect(guarded).toMatchObject({ status: 200, body: { user: { username: 'alice' } } });
  return answer;
}

describe.each(PLATFORMS)('a handler that answers with request.user on %s', (platform) => {
  describe.each([
    ['of ours', {}, { ...WAYS, ...DJANGO_WAYS }],
    [
      'of a host, which gives whole entities',
      {
        imports: [TypeOrmModule.forFeature([User])],
        overrides: {
          userStore: WholeUserStore,
          claims: PlanClaims,
          loginHooks: Journal,
        },
        updateLastLogin: true,
      },
      WAYS,
    ],
  ])('with the user store %s', (_store, settings, ways) => {
    const lines = new LogLines();
    let host: GuardedHost;
    let hash: string;

    beforeAll(async () => {
      const isOurs = !('overrides' in settings);
      const controllers = isOurs ? [CarelessController, DjangoController] : [CarelessController];
      host = await startGuardedHost(await hostModule('hashes', { controllers }, settings), {
        platform,
        logger: lines,
      });
      Logger.overrideLogger(lines);
      const user = await host.app.get(DataSource).getRepository(User).findOneByOrFail({ id: 1 });
      hash = user.password;
    });
    afterAll(stopHosts);

    it.each(Object.keys(ways))('publishes no password hash: %s', async (way) => {
      const logged = lines.text().length;
      const { status, text, body } = await ways[way]!(host);
      expect(status).toBeLessThan(300);
      expect(body).toMatchObject({ user: { isStaff: false } });
      const { keys } = body as ReturnType<typeof tell>;
      expect(keys).not.toContain('password');
      for (const told of [text, lines.text().slice(logged)]) {
        expect(told).toContain('isActive');
        expect(told).not.toContain(hash);
        expect(told).not.toContain('$argon2');
      }
    });

    it('knows the user of a log-in as that of any other guard', async () => {
      const shown = { id: 1, username: 'alice', isActive: true, isStaff: false };
      const told = async (way: string) => ((await ways[way]!(host)).body as { user: object }).user;
      expect(await told('jwt')).toEqual(shown);
      expect(await told('basic')).toEqual(shown);
      expect(await told('local')).toEqual({ ...shown, tokenId: 1 });
      expect(await told('passport-local')).toEqual({ ...shown, tokenId: 1 });
      expect(await told('own-guard')).toEqual({ ...shown, tokenId: 1, tenant: 'acme' });
    });

    it("logs in by a view of the host's own, behind either guard", async () => {
      expect((await logIn(host, '/tell/log-in')).body).toMatchObject({ tenant: 'acme' });
      await logIn(host, '/tell/passport-log-in');
    });

    if ('overrides' in settings) {
      it('gives the seams of the host, and who asks for it, what its store gave', async () => {
        given.length = 0;
        const { body } = await logIn(host, '/tell/log-in');
        expect(body).toMatchObject({ plan: 'gold' });
        expect(given).toEqual(['gold']);
        expect(claimsOf(body.access)).toMatchObject({ plan: 'gold' });
      });
    }
  });
});

describe('the digest of CHECK_REVOKE_TOKEN', () => {
  afterAll(stopHosts);

  it('is made of the stored hash, behind a guard that shows none', async () => {
    const settings = { checkRevokeToken: true };
    const host = await startGuardedHost(
      await hostModule('hashes', { controllers: [CarelessController] }, settings),
    );
    const { body } = await logIn(host, '/tell/log-in');
    const user = await host.app.get(DataSource).getRepository(User).findOneByOrFail({ id: 1 });
    const digest = createHash('md5').update(user.password).digest('hex').toUpperCase();
    expect(claimsOf(body.access)).toMatchObject({ hash_password: digest });
  });
});

function claimsOf(token: string): unknown {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
}
