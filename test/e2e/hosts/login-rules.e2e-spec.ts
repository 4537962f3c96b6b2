import { Injectable, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import {
  AuthModule,
  AuthSettings,
  Clock,
  LoginHooks,
  PasswordHasher,
  TokenClaims,
  TokenViewsService,
  UserAuthenticationRule,
  UserStore,
  UsersService,
  type AuthUser,
  type RequestContext,
  type SettingsInput,
} from '../../../src/index.js';
import { query } from '../../support/databases.js';
import { claimsOf } from '../../support/tokens.js';
import { SIGNING_KEY, hostDatabase, hostTypeOrm, startHost, stopHosts, type Host } from './host.js';

jest.setTimeout(30_000);

/** What the host knows of its users: who is barred, and who has logged in. */
@Injectable()
class Registry {
  readonly barred = new Set<string>();
  readonly events: unknown[] = [];
}

@Module({ providers: [Registry], exports: [Registry] })
class RegistryModule {}

/** Keeps the barred ones out. */
@Injectable()
class BarredRule extends UserAuthenticationRule {
  constructor(
    settings: AuthSettings,
    private readonly registry: Registry,
  ) {
    super(settings);
  }

  override allows(user: AuthUser | null): Promise<boolean> {
    return Promise.resolve(user !== null && !this.registry.barred.has(user.username));
  }
}

@Injectable()
class Audit extends LoginHooks {
  constructor(
    users: UserStore,
    clock: Clock,
    private readonly registry: Registry,
  ) {
    super(users, clock);
  }

  override async onLoginSuccess(user: AuthUser, context: RequestContext): Promise<void> {
    await super.onLoginSuccess(user, context);
    this.registry.events.push(['in', user.username, context.ip]);
  }

  override onLoginFailed(username: string, context: RequestContext): Promise<void> {
    this.registry.events.push(['refused', username, context.ip]);
    return Promise.resolve();
  }
}

describe('an object of our class with a method of its own', () => {
  it('is obeyed at log-in and at refresh', async () => {
    const url = await hostDatabase('rules_by_object');
    const barred = new Set<string>();
    @Module({
      imports: [
        TypeOrmModule.forRoot(hostTypeOrm(url)),
        AuthModule.forRoot({
          signingKey: SIGNING_KEY,
          overrides: {
            authenticationRule: {
              inject: [AuthSettings],
              useFactory: (settings: AuthSettings) =>
                Object.assign(new UserAuthenticationRule(settings), {
                  allows: (user: AuthUser | null) => user !== null && !barred.has(user.username),
                }),
            },
            claims: {
              useFactory: () =>
                Object.assign(new TokenClaims(), { claimsFor: () => ({ plan: 'free' }) }),
            },
          },
        }),
      ],
    })
    class AppModule {}
    const host = await startHost(AppModule);
    const password = await host.app.get(PasswordHasher).hash('correct horse');
    const users = host.app.get(UsersService, { strict: false });
    await users.createMissing({ username: 'alice', password });
    const { refresh } = await host.client.login('alice', 'correct horse');
    expect(claimsOf(refresh)).toMatchObject({ plan: 'free' });
    barred.add('alice');
    expect((await host.client.obtain('alice', 'correct horse')).status).toBe(401);
    expect((await host.client.refresh(refresh)).status).toBe(401);
    barred.clear();
    const renewed = await host.client.refresh(refresh);
    expect(claimsOf(renewed.body.access)).toMatchObject({ plan: 'free' });
    await stopHosts();
  });
});

describe.each<[string, SettingsInput]>([
  ['the session ledger', {}],
  ['the Django ledger', { profile: 'parity', rotateRefreshTokens: true }],
])("a host's rule and hooks with %s", (_name, settings) => {
  let host: Host;
  let registry: Registry;
  let url: string;

  beforeAll(async () => {
    url = await hostDatabase('rules');
    @Module({
      imports: [
        TypeOrmModule.forRoot(hostTypeOrm(url)),
        AuthModule.forRoot({
          signingKey: SIGNING_KEY,
          updateLastLogin: true,
          ...settings,
          imports: [RegistryModule],
          overrides: { authenticationRule: BarredRule, loginHooks: Audit },
        }),
      ],
    })
    class AppModule {}
    host = await startHost(AppModule);
    registry = host.app.get(Registry, { strict: false });
    const password = await host.app.get(PasswordHasher).hash('correct horse');
    const users = host.app.get(UsersService, { strict: false });
    await users.createMissing({ username: 'alice', password });
  });
  afterAll(stopHosts);
  beforeEach(() => {
    registry.barred.clear();
    registry.events.length = 0;
  });

  it('refuse a log-in as if the password were wrong, and a refresh', async () => {
    const { refresh } = await host.client.login('alice', 'correct horse');
    registry.barred.add('alice');
    const answer = await host.client.obtain('alice', 'correct horse');
    expect(answer).toMatchObject({
      status: 401,
      body: { detail: 'No active account found with the given credentials' },
    });
    expect((await host.client.refresh(refresh)).status).toBe(401);
    registry.barred.clear();
    expect((await host.client.refresh(refresh)).status).toBe(200);
  });

  it.each(['obtainPair', 'obtainSliding'] as const)(
    'refuse %s for a user whom the host knows without a password',
    async (view) => {
      const views = host.app.get(TokenViewsService, { strict: false });
      const user = await host.app.get(UserStore, { strict: false }).findByUsername('alice');
      const context = { ip: '127.0.0.1', userAgent: 'spec' };
      await expect(views[view](user!, context)).resolves.toBeDefined();
      registry.barred.add('alice');
      await expect(views[view](user!, context)).rejects.toMatchObject({
        code: 'no_active_account',
      });
    },
  );

  it('hear of log-ins and of refused ones, and write the time of the log-in', async () => {
    await query(url, 'UPDATE auth_user SET last_login = NULL');
    await host.client.login('alice', 'correct horse');
    await host.client.obtain('alice', 'wrong');
    await host.client.obtain('nobody', 'wrong');
    expect(registry.events).toEqual([
      ['in', 'alice', '127.0.0.1'],
      ['refused', 'alice', '127.0.0.1'],
      ['refused', 'nobody', '127.0.0.1'],
    ]);
    const [row] = await query(url, 'SELECT last_login FROM auth_user');
    expect(row!['last_login']).toBeInstanceOf(Date);
  });
});
