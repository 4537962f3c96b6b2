import { Injectable, Module } from '@nestjs/common';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import {
  AccountModule,
  AdminModule,
  AuthModule,
  AuthSettings,
  Clock,
  PasswordHasher,
  SessionPresenter,
  User,
  UsersService,
  type SessionInfo,
  type SettingsInput,
} from '../../../src/index.js';
import { SIGNING_KEY, hostDatabase, hostTypeOrm, startHost, stopHosts, type Host } from './host.js';

jest.setTimeout(30_000);

/** Tells the address too, and tries to tell another id. */
@Injectable()
class TellingUsers extends UsersService {
  asked: string[] = [];

  constructor(
    @InjectRepository(User) users: Repository<User>,
    settings: AuthSettings,
    clock: Clock,
  ) {
    super(users, settings, clock);
  }

  override async profileOf(id: string): Promise<Record<string, unknown>> {
    this.asked.push(id);
    const user = await this.users.findOneBy({ id: Number(id) });
    return { email: user?.email, id: 99 };
  }
}

/** Knows where addresses are. */
@Injectable()
class Atlas {
  cityOf(ip: string | null): Promise<string> {
    return Promise.resolve(ip === '127.0.0.1' ? 'Home' : 'Elsewhere');
  }
}

@Module({ providers: [Atlas], exports: [Atlas] })
class AtlasModule {}

@Injectable()
class CityPresenter extends SessionPresenter {
  constructor(private readonly atlas: Atlas) {
    super();
  }

  override async forOwner(session: SessionInfo, currentId: string | null) {
    const shown = await super.forOwner(session, currentId);
    return Object.assign(shown, { city: await this.atlas.cityOf(shown.ip) });
  }

  override async forStaff(session: SessionInfo) {
    const shown = await super.forStaff(session);
    return Object.assign(shown, { city: await this.atlas.cityOf(shown.ip) });
  }
}

describe.each<[string, SettingsInput]>([
  ['JWTAuthentication', {}],
  [
    'JWTStatelessUserAuthentication',
    { authenticationClasses: ['JWTStatelessUserAuthentication'], userIdField: 'username' },
  ],
])('a host that shows more of accounts, with %s', (_name, settings) => {
  let host: Host;

  beforeAll(async () => {
    @Module({
      imports: [
        TypeOrmModule.forRoot(hostTypeOrm(await hostDatabase('own_profile'))),
        AuthModule.forRoot({
          signingKey: SIGNING_KEY,
          ...settings,
          imports: [TypeOrmModule.forFeature([User]), AtlasModule],
          overrides: { userStore: TellingUsers, sessionPresenter: CityPresenter },
        }),
        AccountModule,
        AdminModule,
      ],
    })
    class AppModule {}
    host = await startHost(AppModule);
    const users = host.app.get(TellingUsers, { strict: false });
    const password = await host.app.get(PasswordHasher).hash('correct horse');
    await users.createMissing({ username: 'root', password, isSuperuser: true, isStaff: true });
    await users.createMissing({ username: 'alice', email: 'alice@example.org', password });
  });
  afterAll(stopHosts);

  const bearer = async (username: string) => {
    const { access } = await host.client.login(username, 'correct horse');
    return { authorization: `Bearer ${access}` };
  };

  it('tells further members of the profile, by the primary key, and neither another id nor name', async () => {
    const isStateless = 'userIdField' in settings;
    const { body } = await host.client.get('/users/me', await bearer('alice'));
    expect(body).toEqual({
      id: isStateless ? 'alice' : 2,
      username: isStateless ? '' : 'alice',
      email: 'alice@example.org',
    });
    expect(host.app.get(TellingUsers, { strict: false }).asked).toEqual(['2']);
  });

  it('presents sessions to owners and to staff in its own way', async () => {
    const own = await host.client.get<object[]>('/sessions', await bearer('alice'));
    expect(own.body[0]).toMatchObject({ current: true, ip: '127.0.0.1', city: 'Home' });
    const root = await bearer('root');
    const staffs = await host.client.get<object[]>('/admin/users/2/sessions', root);
    expect(staffs.body[0]).toMatchObject({ user_agent: expect.anything(), city: 'Home' });
    expect(staffs.headers.get('x-total-count')).toBe(String(own.body.length));
  });
});
