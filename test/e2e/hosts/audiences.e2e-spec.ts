import { Controller, Get, Module, UseGuards } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import {
  AuthModule,
  AuthenticationGuard,
  CurrentUser,
  PasswordHasher,
  TokenClaims,
  UsersService,
  type ClaimsSubject,
  type SettingsInput,
  type TokenUser,
} from '../../../src/index.js';
import { query } from '../../support/databases.js';
import { claimsOf } from '../../support/tokens.js';
import { SIGNING_KEY, hostDatabase, hostTypeOrm, startHost, stopHosts, type Host } from './host.js';

jest.setTimeout(30_000);

/** What services that look up no user need to know of one. */
class ProfileClaims extends TokenClaims<{ username: string; is_staff: boolean }> {
  override claimsFor({ username, isStaff }: ClaimsSubject) {
    return { username, is_staff: isStaff };
  }
}

@Controller('parcels')
@UseGuards(AuthenticationGuard)
class ParcelsController {
  @Get()
  list(@CurrentUser() { id, username, isStaff, claims }: TokenUser) {
    return { id, username, isStaff, audience: claims['aud'] };
  }
}

const ISSUER = { issuer: 'https://accounts.example', audience: ['orders', 'parcels'] };

let url: string;

async function startService(settings: SettingsInput): Promise<Host> {
  url = await hostDatabase('audiences');
  @Module({
    imports: [
      TypeOrmModule.forRoot(hostTypeOrm(url)),
      AuthModule.forRoot({
        signingKey: SIGNING_KEY,
        ...settings,
        overrides: { claims: ProfileClaims },
      }),
    ],
    controllers: [ParcelsController],
  })
  class AppModule {}
  return startHost(AppModule);
}

/** A service of its own, with a database that knows no user. */
const startApi = (settings: SettingsInput): Promise<Host> =>
  startService({ authenticationClasses: ['JWTStatelessUserAuthentication'], ...settings });

describe('an issuer and services with audiences', () => {
  let access: string;
  let refresh: string;

  beforeAll(async () => {
    const accounts = await startService(ISSUER);
    const password = await accounts.app.get(PasswordHasher).hash('correct horse');
    const users = accounts.app.get(UsersService, { strict: false });
    await users.createMissing({ username: 'alice', password, isStaff: true });
    ({ access, refresh } = await accounts.client.login('alice', 'correct horse'));
    await stopHosts();
  });
  afterEach(stopHosts);

  const parcels = (host: Host, token: string) =>
    host.client.get('/parcels', { authorization: `Bearer ${token}` });

  it('writes all audiences and the issuer into its tokens', () => {
    expect(claimsOf(access)).toMatchObject({ aud: ISSUER.audience, iss: ISSUER.issuer });
  });

  it.each<[string, SettingsInput]>([
    ['one of them', { audience: 'parcels', issuer: ISSUER.issuer }],
    ['another of them', { audience: 'orders', issuer: ISSUER.issuer }],
    ['one of several', { audience: ['letters', 'parcels'], issuer: ISSUER.issuer }],
  ])('opens a service that is %s, which believes the token', async (_what, settings) => {
    const api = await startApi(settings);
    const answer = await parcels(api, access);
    expect(answer).toMatchObject({
      status: 200,
      body: { username: 'alice', isStaff: true, audience: ISSUER.audience },
    });
    expect((await parcels(api, refresh)).status).toBe(401);
  });

  it.each<[string, SettingsInput]>([
    ['is none of them', { audience: 'letters', issuer: ISSUER.issuer }],
    ['trusts another issuer', { audience: 'parcels', issuer: 'https://elsewhere.example' }],
    [
      'has another key',
      {
        audience: 'parcels',
        issuer: ISSUER.issuer,
        signingKey: 'another-signing-key-0123456789abcdef',
      },
    ],
  ])('is refused by a service that %s', async (_what, settings) => {
    const api = await startApi(settings);
    const answer = await parcels(api, access);
    expect(answer).toMatchObject({ status: 401, body: { code: 'token_not_valid' } });
  });

  it('reads no user in the service', async () => {
    const api = await startApi({ audience: 'parcels', issuer: ISSUER.issuer });
    await query(
      url,
      'ALTER TABLE auth_user RENAME TO hidden; ALTER TABLE auth_session RENAME TO h2',
    );
    expect((await parcels(api, access)).status).toBe(200);
  });
});
