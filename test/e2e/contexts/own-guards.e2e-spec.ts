import { Controller, Get, Injectable, UseGuards, type ExecutionContext } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import {
  AuthError,
  AuthenticationGuard,
  CurrentUser,
  UseAuthentication,
  type AuthenticatedUser,
} from '../../../src/index.js';
import { PLATFORMS, stopHosts } from '../hosts/host.js';
import { PASSWORD, createUser, hostModule, startGuardedHost } from './guarded-host.js';

jest.setTimeout(60_000);
afterAll(stopHosts);

/** Lets everybody pass, and leaves it to the routes to refuse. */
@Injectable()
class LenientGuard extends AuthenticationGuard {
  override handleRequest<TUser>(_error: unknown, user: TUser | false | null): TUser {
    return (user || undefined) as TUser;
  }
}

/** Lets only alice pass. */
@Injectable()
class StrictGuard extends AuthenticationGuard {
  override handleRequest<TUser>(
    error: unknown,
    user: TUser | false | null,
    info: unknown,
    context: ExecutionContext,
  ): TUser {
    const known = super.handleRequest(error, user, info, context);
    const { username } = known as AuthenticatedUser;
    if (username !== 'alice') throw new AuthError('permission_denied');
    return known;
  }
}

@Controller('reports')
class ReportsController {
  @UseAuthentication('BasicAuthentication')
  @Get()
  list(@CurrentUser() user: AuthenticatedUser) {
    return { user: user.username };
  }
}

@UseAuthentication('BasicAuthentication')
@Controller('audits')
class AuditsController {
  @Get()
  list(@CurrentUser() user: AuthenticatedUser) {
    return { user: user.username };
  }

  @UseGuards(StrictGuard)
  @Get('strict')
  strict(@CurrentUser() user: AuthenticatedUser) {
    return { user: user.username };
  }
}

const basic = (username: string, password = PASSWORD) => ({
  authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
});

describe.each(PLATFORMS)('a guard of the host on %s', (platform) => {
  it('that is global and lenient opens no route with a chain of its own', async () => {
    const host = await startGuardedHost(
      await hostModule('lenient', {
        controllers: [ReportsController, AuditsController],
        providers: [{ provide: APP_GUARD, useClass: LenientGuard }],
      }),
      { platform },
    );
    for (const path of ['/reports', '/audits', '/audits/strict']) {
      expect((await host.client.get(path)).status).toBe(401);
      expect((await host.client.get(path, basic('alice', 'wrong'))).status).toBe(401);
      expect((await host.client.get(path, basic('alice'))).body).toEqual({ user: 'alice' });
    }
    await stopHosts();
  });

  it('that is stricter than that of the class is asked as well', async () => {
    const host = await startGuardedHost(
      await hostModule('strict', { controllers: [AuditsController] }),
      { platform },
    );
    await createUser(host, 'bob');
    expect((await host.client.get('/audits', basic('bob'))).body).toEqual({ user: 'bob' });
    expect((await host.client.get('/audits/strict', basic('bob'))).status).toBe(403);
    expect((await host.client.get('/audits/strict', basic('alice'))).status).toBe(200);
    await stopHosts();
  });
});
