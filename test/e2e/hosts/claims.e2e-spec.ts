import { Controller, Get, Injectable, Module, UseGuards } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import {
  AuthModule,
  CurrentToken,
  JwtAuthGuard,
  PasswordHasher,
  TokenClaims,
  UsersService,
  type Claims,
  type ClaimsSubject,
  type RequestContext,
  type SettingsInput,
} from '../../../src/index.js';
import type { Pair } from '../../support/client.js';
import { LogLines } from '../../support/log-lines.js';
import { claimsOf } from '../../support/tokens.js';
import { SIGNING_KEY, hostDatabase, hostTypeOrm, startHost, stopHosts, type Host } from './host.js';

jest.setTimeout(30_000);

/** The host's own knowledge of its users. */
@Injectable()
class Plans {
  readonly byUser = new Map<string, Record<string, unknown>>();
  readonly asked: unknown[] = [];
}

@Module({ providers: [Plans], exports: [Plans] })
class PlansModule {}

@Injectable()
class PlanClaims extends TokenClaims {
  constructor(private readonly plans: Plans) {
    super();
  }

  override async claimsFor(
    user: ClaimsSubject,
    kind: 'refresh' | 'sliding',
    context: RequestContext,
  ): Promise<Record<string, unknown>> {
    this.plans.asked.push({ user, kind, ip: context.ip });
    return this.plans.byUser.get(user.username) ?? {};
  }
}

@Controller('plan')
class PlanController {
  @Get()
  @UseGuards(JwtAuthGuard)
  show(@CurrentToken() token: Claims) {
    return { plan: token['plan'] ?? null };
  }
}

const logs = new LogLines();

async function startHostWith(settings: SettingsInput): Promise<Host> {
  const url = await hostDatabase('claims');
  @Module({
    imports: [
      TypeOrmModule.forRoot(hostTypeOrm(url)),
      AuthModule.forRoot({
        signingKey: SIGNING_KEY,
        ...settings,
        imports: [PlansModule],
        overrides: { claims: PlanClaims },
      }),
    ],
    controllers: [PlanController],
  })
  class AppModule {}
  const host = await startHost(AppModule, { logger: logs });
  const password = await host.app.get(PasswordHasher).hash('correct horse');
  const users = host.app.get(UsersService, { strict: false });
  await users.createMissing({ username: 'alice', password });
  return host;
}

describe.each<[string, SettingsInput]>([
  ['the session ledger', {}],
  [
    'the Django ledger',
    { profile: 'parity', rotateRefreshTokens: true, refreshRecomputesClaims: true },
  ],
])("a host's claims with %s", (_name, settings) => {
  let host: Host;
  let plans: Plans;

  beforeAll(async () => {
    host = await startHostWith({ audience: 'shop', issuer: 'host', ...settings });
    plans = host.app.get(Plans, { strict: false });
  });
  afterAll(stopHosts);
  beforeEach(() => {
    plans.byUser.clear();
    plans.asked.length = 0;
  });

  const login = (): Promise<Pair> => host.client.login('alice', 'correct horse');
  const planOf = (access: string) =>
    host.client.get('/plan', { authorization: `Bearer ${access}` });

  it('are in both tokens of a log-in, and reach the guarded route', async () => {
    plans.byUser.set('alice', { plan: 'free', roles: ['buyer'], sub: 'alice' });
    const { refresh, access } = await login();
    for (const token of [refresh, access]) {
      expect(claimsOf(token)).toMatchObject({ plan: 'free', roles: ['buyer'], sub: 'alice' });
    }
    expect((await planOf(access)).body).toEqual({ plan: 'free' });
  });

  it('are asked for with the user, without the password, and with the client', async () => {
    await login();
    expect(plans.asked).toEqual([
      {
        user: expect.objectContaining({ username: 'alice', isActive: true }) as object,
        kind: 'refresh',
        ip: '127.0.0.1',
      },
    ]);
    expect(JSON.stringify(plans.asked)).not.toContain('password');
  });

  it('are made anew at each refresh: changed ones change, and dropped ones are gone', async () => {
    plans.byUser.set('alice', { plan: 'free', isAdmin: true });
    const first = await login();
    plans.byUser.set('alice', { plan: 'paid' });
    const second = (await host.client.refresh(first.refresh)).body;
    for (const token of [second.refresh, second.access]) {
      expect(claimsOf(token)).toMatchObject({ plan: 'paid', aud: 'shop', iss: 'host' });
      expect(claimsOf(token)).not.toHaveProperty('isAdmin');
    }
    expect((await planOf(second.access)).body).toEqual({ plan: 'paid' });
    const third = await host.client.refresh(second.refresh);
    expect(third.status).toBe(200);
    expect(claimsOf(third.body.refresh)).toMatchObject({ plan: 'paid' });
  });

  it.each(['exp', 'iat', 'jti', 'user_id', 'sid', 'gen', 'token_type', 'iss', 'aud', 'nbf'])(
    'cannot overwrite %s: the log says which claim, and nothing is issued or spent',
    async (name) => {
      const { refresh } = await login();
      plans.byUser.set('alice', { [name]: 1 });
      const answers = [
        await host.client.obtain('alice', 'correct horse'),
        await host.client.refresh(refresh),
      ];
      for (const answer of answers) {
        expect(answer).toMatchObject({ status: 500, body: { error: 'Server Error (500)' } });
      }
      expect(logs.text()).toContain(`claimsFor returns the claim "${name}"`);
      plans.byUser.clear();
      expect((await host.client.refresh(refresh)).status).toBe(200);
    },
  );

  it('must be something that JSON can say, and are what the token says', async () => {
    plans.byUser.set('alice', { big: 1n });
    expect((await host.client.obtain('alice', 'correct horse')).status).toBe(500);
    plans.byUser.set('alice', { plan: new Date(0), none: undefined });
    const { access } = await login();
    expect((await planOf(access)).body).toEqual({ plan: '1970-01-01T00:00:00.000Z' });
  });
});

describe("a host's claims", () => {
  afterEach(stopHosts);

  it('leave a replayed answer as it was, byte for byte', async () => {
    const host = await startHostWith({ audience: ['shop', 'app'] });
    const plans = host.app.get(Plans, { strict: false });
    plans.byUser.set('alice', { plan: 'free', zeta: 1, alpha: 2 });
    const first = await host.client.login('alice', 'correct horse');
    const second = (await host.client.refresh(first.refresh)).body.refresh;
    expect((await host.client.refresh(first.refresh)).body.refresh).toBe(second);
    const third = (await host.client.refresh(second)).body.refresh;
    expect((await host.client.refresh(second)).body.refresh).toBe(third);
  });

  it('are renewed in the access token where the refresh token stays', async () => {
    const host = await startHostWith({ rotateRefreshTokens: false });
    const plans = host.app.get(Plans, { strict: false });
    plans.byUser.set('alice', { plan: 'free' });
    const { refresh } = await host.client.login('alice', 'correct horse');
    plans.byUser.set('alice', { plan: 'paid' });
    const { body } = await host.client.refresh(refresh);
    expect(Object.keys(body)).toEqual(['access']);
    expect(claimsOf(body.access)).toMatchObject({ plan: 'paid' });
  });

  it('are renewed in a sliding token', async () => {
    const host = await startHostWith({ authTokenClasses: ['SlidingToken'] });
    const plans = host.app.get(Plans, { strict: false });
    plans.byUser.set('alice', { plan: 'free' });
    const credentials = { username: 'alice', password: 'correct horse' };
    const first = await host.client.post<{ token: string }>(
      '/login/simpleJWT/sliding',
      credentials,
    );
    expect(claimsOf(first.body.token)).toMatchObject({ plan: 'free', token_type: 'sliding' });
    plans.byUser.set('alice', { plan: 'paid' });
    const second = await host.client.post<{ token: string }>(
      '/login/simpleJWT/sliding/refresh',
      first.body,
    );
    expect(claimsOf(second.body.token)).toMatchObject({
      plan: 'paid',
      refresh_exp: claimsOf(first.body.token)['refresh_exp'],
    });
  });

  it.each<[string, SettingsInput]>([
    ['where that is chosen', { refreshRecomputesClaims: false }],
    ['in the profile parity', { profile: 'parity', rotateRefreshTokens: true }],
  ])('are copied from token to token %s', async (_where, settings) => {
    const host = await startHostWith(settings);
    const plans = host.app.get(Plans, { strict: false });
    plans.byUser.set('alice', { plan: 'free' });
    const { refresh } = await host.client.login('alice', 'correct horse');
    plans.byUser.set('alice', { plan: 'paid' });
    plans.asked.length = 0;
    const { body } = await host.client.refresh(refresh);
    for (const token of [body.refresh, body.access]) {
      expect(claimsOf(token)).toMatchObject({ plan: 'free' });
    }
    expect(plans.asked).toEqual([]);
  });
});
