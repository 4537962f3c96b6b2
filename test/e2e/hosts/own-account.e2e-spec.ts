import { Controller, Get, Injectable, Module } from '@nestjs/common';
import { DataSource } from 'typeorm';
import {
  AccountController,
  AccountModule,
  AccountService,
  AdminController,
  AdminModule,
  AdminService,
  CurrentUser,
  FromClient,
  type AuthenticatedUser,
  type ProfileResponse,
  type RequestContext,
  type SessionResponse,
  type StaffRequest,
} from '../../../src/index.js';
import {
  bearer,
  hostModule,
  startGuardedHost,
  type GuardedHost,
} from '../contexts/guarded-host.js';
import { stopHosts } from './host.js';

jest.setTimeout(30_000);

@Controller('own/me')
class OwnAccountController extends AccountController {
  @Get()
  override async me(@CurrentUser() user: AuthenticatedUser): Promise<ProfileResponse> {
    return Object.assign(await super.me(user), { greeting: 'hello' });
  }

  @Get('count')
  async count(@CurrentUser() user: AuthenticatedUser): Promise<object> {
    const { sessions, total } = await this.account.listSessions(user, undefined);
    const shown: readonly SessionResponse[] = sessions;
    return { sessions: Math.min(shown.length, total) };
  }
}

@Controller('own/users/:id')
class OwnAdminController extends AdminController {
  @Get('count')
  async count(
    @CurrentUser() staff: AuthenticatedUser,
    @FromClient() context: RequestContext,
  ): Promise<object> {
    return { sessions: (await this.admin.listSessions({ staff, context }, '1')).total };
  }
}

/** What a host's own code does with the services. */
@Injectable()
class Housekeeping {
  constructor(
    readonly account: AccountService,
    readonly admin: AdminService,
  ) {}
}

@Module({
  imports: [AccountModule, AdminModule],
  controllers: [OwnAccountController, OwnAdminController],
  providers: [Housekeeping],
})
class OwnAccountModule {}

describe('controllers of a host that extend those of the account and of staff', () => {
  let host: GuardedHost;
  beforeAll(async () => {
    host = await startGuardedHost(await hostModule('own_account', { imports: [OwnAccountModule] }));
  });
  afterAll(stopHosts);

  it('have the services of ours, and the guards', async () => {
    expect((await host.client.get('/own/me')).status).toBe(401);
    const good = bearer(host.alice.access);
    const me = await host.client.get('/own/me', good);
    expect(me).toMatchObject({ status: 200, body: { username: 'alice', greeting: 'hello' } });
    expect((await host.client.get('/own/me/count', good)).body).toEqual({ sessions: 1 });
    expect((await host.client.get('/own/users/1/count', good)).status).toBe(403);
  });

  it('stand beside services of the host that use the same', async () => {
    const { admin } = host.app.get(Housekeeping, { strict: false });
    const context = { ip: null, userAgent: null };
    const by = (id: number): StaffRequest => ({
      staff: { id, username: '', isActive: true, isStaff: true },
      context,
    });
    // What the table says of alice counts, not what the caller says.
    await expect(admin.listSessions(by(1), '1')).rejects.toMatchObject({
      code: 'permission_denied',
    });
    const change = 'UPDATE auth_user SET is_staff = true, is_superuser = true';
    await host.app.get(DataSource).query(change);
    await expect(admin.listSessions(by(1), '1')).resolves.toMatchObject({ total: 1, next: null });
    await expect(admin.listSessions(by(1), '99')).rejects.toMatchObject({ code: 'not_found' });
  });
});
