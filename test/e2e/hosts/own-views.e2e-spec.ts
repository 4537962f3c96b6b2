import {
  Controller,
  Header,
  Injectable,
  Module,
  UseGuards,
  VersioningType,
  type CanActivate,
  type ExecutionContext,
  type INestApplication,
} from '@nestjs/common';
import { ApiOkResponse, ApiProperty, DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { TypeOrmModule } from '@nestjs/typeorm';
import { IsString } from 'class-validator';
import {
  AuthError,
  AuthModule,
  Fields,
  PasswordHasher,
  TokenController,
  TokenObtainPairDto,
  TokenPairResponse,
  TokenRefreshDto,
  TokenRefreshResponse,
  TokenVerifyDto,
  TokenViewsService,
  UsersService,
  configureApp,
  type AuthModuleExtras,
  type AuthUser,
  type RequestContext,
} from '../../../src/index.js';
import {
  PLATFORMS,
  SIGNING_KEY,
  hostDatabase,
  hostTypeOrm,
  startHost,
  stopHosts,
  type Host,
  type Platform,
} from './host.js';

jest.setTimeout(30_000);

class TimedRefreshResponse extends TokenRefreshResponse {
  @ApiProperty()
  server_time: number;
}

@Injectable()
class Visits {
  readonly seen: string[] = [];
}

@Injectable()
class ClosedOnSundays implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
    if (headers['x-day'] === 'sunday') throw new AuthError('permission_denied');
    return true;
  }
}

@Controller()
class HostTokenController extends TokenController {
  constructor(
    views: TokenViewsService,
    private readonly visits: Visits,
  ) {
    super(views);
  }

  @UseGuards(ClosedOnSundays)
  @Header('X-Host', 'yes')
  override async obtainPair(
    credentials: TokenObtainPairDto,
    user: AuthUser,
    context: RequestContext,
  ): Promise<TokenPairResponse> {
    const answer = await super.obtainPair(credentials, user, context);
    this.visits.seen.push(user.username);
    return answer;
  }

  @ApiOkResponse({ type: TimedRefreshResponse })
  override async refresh(
    body: TokenRefreshDto,
    context: RequestContext,
  ): Promise<TimedRefreshResponse> {
    return Object.assign(await super.refresh(body, context), { server_time: 1_700_000_000 });
  }

  override async verify(body: TokenVerifyDto): Promise<object> {
    await super.verify(body);
    return { valid: true };
  }
}

@Module({ providers: [Visits, ClosedOnSundays], exports: [Visits, ClosedOnSundays] })
class VisitsModule {}

async function startHostWith(
  extras: AuthModuleExtras,
  options: { platform?: Platform; configure?: (app: INestApplication) => void } = {},
): Promise<Host> {
  const url = await hostDatabase('views');
  @Module({
    imports: [
      TypeOrmModule.forRoot(hostTypeOrm(url)),
      AuthModule.forRoot({ signingKey: SIGNING_KEY, imports: [VisitsModule], ...extras }),
    ],
  })
  class AppModule {}
  const host = await startHost(AppModule, { configure: configureApp, ...options });
  const password = await host.app.get(PasswordHasher).hash('correct horse');
  await host.app
    .get(UsersService, { strict: false })
    .createMissing({ username: 'alice', password });
  return host;
}

const ALICE = { username: 'alice', password: 'correct horse' };

describe.each(PLATFORMS)('a token controller of the host on %s', (platform) => {
  let host: Host;
  beforeAll(async () => {
    host = await startHostWith({ tokenController: HostTokenController }, { platform });
  });
  afterAll(stopHosts);

  it('adds a field to the answer of a view that it overrides with one method', async () => {
    const { refresh } = await host.client.login('alice', 'correct horse');
    const answer = await host.client.refresh(refresh);
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.body)).toEqual(['access', 'refresh', 'server_time']);
    const verified = await host.client.verify(answer.body.refresh);
    expect(verified).toMatchObject({ status: 200, body: { valid: true } });
  });

  it('acts behind a log-in, with what it injects', async () => {
    const visits = host.app.get(Visits, { strict: false });
    const before = visits.seen.length;
    await host.client.login('alice', 'correct horse');
    await host.client.obtain('alice', 'wrong');
    expect(visits.seen.slice(before)).toEqual(['alice']);
  });

  it('keeps the guard, the validation and the headers of the view', async () => {
    const answer = await host.client.obtain('alice', 'correct horse');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('x-host')).toBe('yes');
    expect((await host.client.obtain('alice', 'wrong')).status).toBe(401);
    expect(await host.client.post('/login/simpleJWT/refresh', {})).toMatchObject({
      status: 400,
      body: { refresh: ['This field is required.'] },
    });
    expect((await host.client.refresh('x')).body).toMatchObject({ code: 'token_not_valid' });
  });

  it('adds its own guard to that of the view', async () => {
    const onSunday = { 'x-day': 'sunday' };
    const wrong = await host.client.post('/login/simpleJWT', { ...ALICE, password: 'x' }, onSunday);
    expect(wrong.status).toBe(401);
    expect((await host.client.post('/login/simpleJWT', ALICE, onSunday)).status).toBe(403);
  });

  it('keeps the HTTP rules, the aliases and the views that it does not override', async () => {
    const other = await host.client.get('/login/simpleJWT/refresh');
    expect(other.status).toBe(405);
    expect(other.headers.get('allow')).toBe('POST, OPTIONS');
    const described = await host.client.send('OPTIONS', '/api/token/refresh/');
    expect(described.body).toMatchObject({ name: 'Token Refresh' });
    const { refresh } = await host.client.login('alice', 'correct horse');
    expect((await host.client.post('/api/token/refresh/', { refresh })).status).toBe(200);
    expect((await host.client.blacklist(refresh)).status).toBe(200);
  });

  it('is in the OpenAPI document with the bodies of the views and its own answer', () => {
    const document = SwaggerModule.createDocument(host.app, new DocumentBuilder().build());
    const operation = document.paths['/login/simpleJWT/refresh']?.post;
    expect(JSON.stringify(operation?.requestBody)).toContain(
      '#/components/schemas/TokenRefreshDto',
    );
    expect(JSON.stringify(operation?.responses['200'])).toContain('TimedRefreshResponse');
    expect(operation?.responses).toHaveProperty('401');
    expect(operation?.summary).toBe('Token Refresh');
  });
});

class TenantObtainDto extends TokenObtainPairDto {
  @IsString({ message: 'Say which tenant.' })
  tenant: string;
}

class TenantTokenController extends TokenController {
  override async obtainPair(
    @Fields() credentials: TenantObtainDto,
    user: AuthUser,
    context: RequestContext,
  ): Promise<TokenPairResponse> {
    const answer = await super.obtainPair(credentials, user, context);
    return Object.assign(answer, { tenant: credentials.tenant });
  }
}

describe.each(PLATFORMS)('a log-in with a field of the host on %s', (platform) => {
  let host: Host;
  beforeAll(async () => {
    host = await startHostWith({ tokenController: TenantTokenController }, { platform });
  });
  afterAll(stopHosts);

  it('gives the field to the view, from JSON and from a form', async () => {
    const fields = { ...ALICE, tenant: 'acme' };
    const form = new URLSearchParams(fields).toString();
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    for (const answer of [
      await host.client.post('/login/simpleJWT', fields),
      await host.client.post('/login/simpleJWT', form, type),
    ]) {
      expect(answer).toMatchObject({ status: 200, body: { tenant: 'acme' } });
    }
  });

  it('is refused without the field, behind the check of name and password', async () => {
    expect(await host.client.post('/login/simpleJWT', ALICE)).toMatchObject({
      status: 400,
      body: { tenant: ['Say which tenant.'] },
    });
    const wrong = { ...ALICE, password: 'wrong' };
    expect((await host.client.post('/login/simpleJWT', wrong)).status).toBe(401);
  });
});

describe('a token controller that extends another subclass', () => {
  class NamedTokenController extends TokenController {
    override async refresh(...parameters: Parameters<TokenController['refresh']>) {
      return Object.assign(await super.refresh(...parameters), { name: 'first' });
    }
  }

  class RenamedTokenController extends NamedTokenController {
    override async refresh(...parameters: Parameters<TokenController['refresh']>) {
      return Object.assign(await super.refresh(...parameters), { name: 'second' });
    }
  }

  afterAll(stopHosts);

  it('answers with what both add, and leaves the other as it is', async () => {
    const host = await startHostWith({ tokenController: RenamedTokenController });
    const { refresh } = await host.client.login('alice', 'correct horse');
    expect((await host.client.refresh(refresh)).body).toMatchObject({ name: 'second' });
    const [own, inherited] = [RenamedTokenController, NamedTokenController].map(({ prototype }) =>
      Reflect.getMetadataKeys(Reflect.get(prototype, 'refresh') as object),
    );
    expect(own).toEqual(inherited);
  });
});

describe('a host with paths of its own', () => {
  const paths = { obtainPair: ['/session'], refresh: ['/session/refresh/'] };
  afterEach(stopHosts);

  it('serves the views there, and nowhere else', async () => {
    const host = await startHostWith({ paths, tokenController: HostTokenController });
    const { body } = await host.client.post<{ refresh: string }>('/session', ALICE);
    for (const path of ['/session/refresh/', '/session/refresh']) {
      const answer = await host.client.post(path, { refresh: body.refresh });
      expect(answer.body).toMatchObject({ server_time: 1_700_000_000 });
    }
    expect((await host.client.get('/session')).status).toBe(405);
    expect((await host.client.post('/login/simpleJWT', ALICE)).status).toBe(404);
  });

  it.each<[string, (app: INestApplication) => void, string]>([
    ['a global prefix', (app) => app.setGlobalPrefix('api/auth'), '/api/auth'],
    [
      'versions in the path',
      (app) => app.enableVersioning({ type: VersioningType.URI, defaultVersion: '2' }),
      '/v2',
    ],
    [
      'both',
      (app) => {
        app.setGlobalPrefix('api');
        app.enableVersioning({ type: VersioningType.URI, defaultVersion: ['1', '2'] });
      },
      '/api/v1',
    ],
    [
      'versions in a header',
      (app) => app.enableVersioning({ type: VersioningType.HEADER, header: 'x-version' }),
      '',
    ],
  ])('puts them behind %s, with the HTTP rules', async (_what, prefix, base) => {
    const host = await startHostWith(
      { paths },
      {
        configure: (app) => {
          prefix(app);
          configureApp(app);
        },
      },
    );
    expect((await host.client.post(`${base}/session`, ALICE)).status).toBe(200);
    const other = await host.client.get(`${base}/session`);
    expect(other.status).toBe(405);
    expect(other.headers.get('allow')).toBe('POST, OPTIONS');
    expect((await host.client.post(`${base}/session/refresh/`, {})).status).toBe(400);
  });

  it('does not start with a path of a view that does not exist', async () => {
    const misspelt = { refesh: ['/refresh'] } as AuthModuleExtras['paths'];
    await expect(startHostWith({ paths: misspelt })).rejects.toThrow(
      'paths.refesh is none of the token views. Did you mean refresh?',
    );
  });

  it('does not start with a controller whose constructor Nest cannot read', async () => {
    class Undecorated extends TokenController {
      constructor(
        views: TokenViewsService,
        readonly visits: Visits,
      ) {
        super(views);
      }
    }
    await expect(startHostWith({ tokenController: Undecorated })).rejects.toThrow(
      'Undecorated has a constructor and no decorator',
    );
  });

  it('does not start with a controller that is none', async () => {
    class Other {}
    const tokenController = Other as unknown as AuthModuleExtras['tokenController'];
    await expect(startHostWith({ tokenController })).rejects.toThrow(
      'tokenController does not extend TokenController.',
    );
  });
});
