import { Controller, Get, Module, UseGuards } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import {
  AUTH_ENTITIES,
  AUTH_MIGRATIONS,
  AccountModule,
  AdminModule,
  AuthModule,
  CurrentUser,
  HealthModule,
  JwtAuthGuard,
  PasswordHasher,
  UsersModule,
  UsersService,
  configureApp,
  type AuthenticatedUser,
} from '../../../src/index.js';
import { PLATFORMS, SIGNING_KEY, hostDatabase, startHost, stopHosts, type Host } from './host.js';

jest.setTimeout(30_000);

async function createUser({ app }: Host, username: string): Promise<void> {
  const password = await app.get(PasswordHasher).hash('correct horse');
  await app.get(UsersService, { strict: false }).createMissing({ username, password });
}

describe.each(PLATFORMS)('a minimal host on %s', (platform) => {
  let host: Host;

  beforeAll(async () => {
    const url = await hostDatabase('minimal');
    @Controller('cats')
    class CatsController {
      @Get()
      @UseGuards(JwtAuthGuard)
      list(@CurrentUser() user: AuthenticatedUser) {
        return [`${user.username}'s cat`];
      }
    }

    @Module({
      imports: [
        TypeOrmModule.forRoot({
          type: 'postgres',
          url,
          entities: AUTH_ENTITIES,
          migrations: AUTH_MIGRATIONS,
          migrationsRun: true,
        }),
        AuthModule.forRoot({ signingKey: SIGNING_KEY }),
      ],
      controllers: [CatsController],
    })
    class AppModule {}

    host = await startHost(AppModule, { platform });
    await createUser(host, 'alice');
  });
  afterAll(stopHosts);

  it('logs a user in and lets the token through its guard', async () => {
    const { access } = await host.client.login('alice', 'correct horse');
    const answer = await host.client.get('/cats', { authorization: `Bearer ${access}` });
    expect(answer).toMatchObject({ status: 200, body: ["alice's cat"] });
  });

  it('refuses whoever has no token, and wrong passwords', async () => {
    expect((await host.client.get('/cats')).status).toBe(401);
    const refused = await host.client.obtain('alice', 'wrong');
    expect(refused.status).toBe(401);
    expect(refused.body).toEqual({
      detail: 'No active account found with the given credentials',
    });
  });

  it('names missing fields', async () => {
    const answer = await host.client.post('/login/simpleJWT', { username: 'alice' });
    expect(answer).toMatchObject({
      status: 400,
      body: { password: ['This field is required.'] },
    });
  });
});

describe('a host of several modules', () => {
  /** The modules in every order that matters: ours before and behind the database and the guarded feature. */
  function hostOf(url: string, order: 'first' | 'last') {
    @Controller('cats')
    @UseGuards(JwtAuthGuard)
    class CatsController {
      @Get()
      list() {
        return ['cat'];
      }

      @Get('broken')
      broken() {
        throw new Error('a fault of the host');
      }
    }

    @Module({ controllers: [CatsController] })
    class CatsModule {}

    const database = TypeOrmModule.forRootAsync({
      useFactory: () => ({
        type: 'postgres' as const,
        url,
        entities: AUTH_ENTITIES,
        migrations: AUTH_MIGRATIONS,
        migrationsRun: true,
      }),
    });
    const modules = [
      AccountModule,
      AdminModule,
      HealthModule,
      UsersModule,
      CatsModule,
      AuthModule.forRootAsync({
        imports: [KeyModule],
        inject: [HostKey],
        useFactory: ({ value }: HostKey) => ({ signingKey: value, accessTokenLifetime: '1m' }),
      }),
      database,
    ];
    @Module({ imports: order === 'first' ? modules : modules.toReversed() })
    class AppModule {}
    return AppModule;
  }

  class HostKey {
    readonly value = SIGNING_KEY;
  }
  @Module({ providers: [HostKey], exports: [HostKey] })
  class KeyModule {}

  describe.each(['first', 'last'] as const)('that imports the database %s', (order) => {
    let host: Host;
    beforeAll(async () => {
      host = await startHost(hostOf(await hostDatabase('modules'), order), {
        configure: configureApp,
      });
      await createUser(host, 'alice');
    });
    afterAll(stopHosts);

    it('serves the views of each module', async () => {
      const { access } = await host.client.login('alice', 'correct horse');
      const authorization = `Bearer ${access}`;
      expect((await host.client.me(access)).body).toMatchObject({ username: 'alice' });
      expect((await host.client.get('/sessions', { authorization })).body).toHaveLength(1);
      expect((await host.client.get('/admin/users/1/sessions', { authorization })).status).toBe(
        403,
      );
      expect((await host.client.get('/health/ready')).status).toBe(200);
      expect((await host.client.get('/cats', { authorization })).body).toEqual(['cat']);
    });

    it("leaves the host's own routes and errors to Nest", async () => {
      const { access } = await host.client.login('alice', 'correct horse');
      const authorization = `Bearer ${access}`;
      const broken = await host.client.get('/cats/broken', { authorization });
      expect(broken.status).toBe(500);
      expect(broken.body).toEqual({ statusCode: 500, message: 'Internal server error' });
      const missing = await host.client.get('/nothing');
      expect(missing.body).toMatchObject({ statusCode: 404, error: 'Not Found' });
    });
  });
});
