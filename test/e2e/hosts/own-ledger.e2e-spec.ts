import { Controller, Get, Module, UseGuards } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import {
  AccountModule,
  AuthModule,
  JwtAuthGuard,
  OAuthModule,
  PasswordHasher,
  UsersService,
} from '../../../src/index.js';
import { OAUTH_CLIENTS, OAuthService } from '../../support/oauth-service.js';
import { describeLedger } from '../../support/ledger-contract.js';
import { SIGNING_KEY, hostDatabase, hostTypeOrm, startHost, stopHosts, type Host } from './host.js';
import { StrictLedger, StrictTokens1700000001000 } from './strict-ledger.js';

jest.setTimeout(30_000);

@Controller('open')
class OpenController {
  @Get()
  @UseGuards(JwtAuthGuard)
  show() {
    return 'in';
  }
}

async function startStrictHost(): Promise<Host & { database: string }> {
  const database = await hostDatabase('ledger');
  @Module({
    imports: [
      TypeOrmModule.forRoot(hostTypeOrm(database, { migrations: [StrictTokens1700000001000] })),
      AuthModule.forRoot({
        signingKey: SIGNING_KEY,
        checkSession: false,
        oauthClients: [OAUTH_CLIENTS],
        overrides: { ledger: StrictLedger },
      }),
      AccountModule,
      OAuthModule,
    ],
    controllers: [OpenController],
  })
  class AppModule {}
  return { ...(await startHost(AppModule)), database };
}

describeLedger("a host's own ledger", {
  start: async () => ({ ...(await startStrictHost()), stop: stopHosts }),
  table: 'strict_token',
  otherTables: ['auth_session'],
  insertExpired: `
    INSERT INTO strict_token (jti, user_id, expires_at)
    SELECT gen_random_uuid()::text, $2, now() - interval '1 h' FROM generate_series(1, $1::integer)`,
  expireAll: `UPDATE strict_token SET expires_at = now() - interval '1 h'`,
  revokesSpent: true,
  idOf: ({ claims }) => claims['jti'],
});

describe('a host with a ledger of its own', () => {
  let host: Host;

  beforeAll(async () => {
    host = await startStrictHost();
    const password = await host.app.get(PasswordHasher).hash('correct horse');
    const users = host.app.get(UsersService, { strict: false });
    await users.createMissing({ username: 'alice', password });
  });
  afterAll(stopHosts);

  it('takes each refresh token once, over HTTP', async () => {
    const { refresh, access } = await host.client.login('alice', 'correct horse');
    expect((await host.client.get('/open', { authorization: `Bearer ${access}` })).status).toBe(
      200,
    );
    const next = await host.client.refresh(refresh);
    expect(next.status).toBe(200);
    expect((await host.client.refresh(refresh)).body).toMatchObject({
      detail: 'Token is blacklisted',
    });
    expect((await host.client.verify(next.body.refresh)).status).toBe(200);
    expect((await host.client.blacklist(next.body.refresh)).status).toBe(200);
    expect((await host.client.refresh(next.body.refresh)).status).toBe(401);
  });

  it('ends a sliding token that another service revokes', async () => {
    const body = { username: 'alice', password: 'correct horse' };
    const sliding = '/login/simpleJWT/sliding';
    const { token } = (await host.client.post<{ token: string }>(sliding, body)).body;
    const revoked = await new OAuthService(host.url).revoke(token);
    expect(revoked).toMatchObject({ status: 200, body: {} });
    expect(await host.client.post(`${sliding}/refresh`, { token })).toMatchObject({
      status: 401,
      body: { detail: 'Token is blacklisted' },
    });
  });

  it('lists its tokens as the sessions of their user', async () => {
    const { access } = await host.client.login('alice', 'correct horse');
    const authorization = `Bearer ${access}`;
    const sessions = await host.client.get<unknown[]>('/sessions', { authorization });
    expect(sessions.body.length).toBeGreaterThan(0);
    await host.client.send('DELETE', '/sessions?all=true', undefined, { authorization });
    expect((await host.client.get('/sessions', { authorization })).body).toEqual([]);
  });
});
