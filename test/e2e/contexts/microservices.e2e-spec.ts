import { Controller, UseFilters, UseGuards } from '@nestjs/common';
import { MessagePattern, Payload, RpcException, type ClientProxy } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import {
  AuthErrorFilter,
  CurrentToken,
  CurrentUser,
  JwtAuthGuard,
  OptionalJwtAuthGuard,
  Public,
  StatelessJwtAuthGuard,
  type AuthenticatedUser,
  type Claims,
  type TokenUser,
} from '../../../src/index.js';
import { stopHosts } from '../hosts/host.js';
import { hostModule, startGuardedHost, tampered, type GuardedHost } from './guarded-host.js';
import { startTcp } from './tcp-service.js';

jest.setTimeout(60_000);

@Controller()
@UseGuards(JwtAuthGuard)
@UseFilters(AuthErrorFilter)
class CatsController {
  @MessagePattern('me')
  me(
    @CurrentUser() user: AuthenticatedUser,
    @CurrentToken() token: Claims,
    @Payload() data: { n: number },
  ) {
    return { name: user.username, type: token['token_type'], n: data.n };
  }

  @Public()
  @MessagePattern('open')
  open(@CurrentUser() user?: AuthenticatedUser) {
    return user?.username ?? 'nobody';
  }

  @Public()
  @MessagePattern('own')
  own() {
    throw new RpcException("the host's own");
  }
}

@Controller()
@UseFilters(AuthErrorFilter)
class OthersController {
  @MessagePattern('visitor')
  @UseGuards(OptionalJwtAuthGuard)
  visitor(@CurrentUser() user?: AuthenticatedUser) {
    return user?.username ?? 'nobody';
  }

  @MessagePattern('believed')
  @UseGuards(StatelessJwtAuthGuard)
  believed(@CurrentUser() user: TokenUser) {
    return user.id;
  }
}

describe('message handlers behind the guards', () => {
  let host: GuardedHost;
  let client: ClientProxy;

  beforeAll(async () => {
    host = await startGuardedHost(
      await hostModule('microservices', { controllers: [CatsController, OthersController] }),
    );
    client = await startTcp(host.app);
  });
  afterAll(async () => {
    await client.close();
    await stopHosts();
  });

  function ask(pattern: string, data: object): Promise<unknown> {
    return firstValueFrom(client.send<unknown>(pattern, data));
  }

  it('know the user of the token in the data', async () => {
    const token = host.alice.access;
    for (const n of [1, 2]) {
      expect(await ask('me', { n, token })).toEqual({ name: 'alice', type: 'access', n });
    }
    expect(await ask('visitor', { token })).toBe('alice');
    expect(await ask('believed', { token })).toBe('1');
  });

  it('refuse with an object that has all that the HTTP body has', async () => {
    await expect(ask('me', { n: 1 })).rejects.toEqual({
      status: 'error',
      statusCode: 401,
      code: 'not_authenticated',
      message: 'Authentication credentials were not provided.',
      detail: 'Authentication credentials were not provided.',
    });
    const token = tampered(host.alice.access);
    for (const pattern of ['me', 'believed']) {
      await expect(ask(pattern, { token })).rejects.toMatchObject({
        code: 'token_not_valid',
        messages: [{ token_class: 'AccessToken', message: 'Token is invalid' }],
      });
    }
    expect(await ask('visitor', { token })).toBe('nobody');
  });

  it('leave public handlers open, and know nobody there', async () => {
    expect(await ask('open', { token: host.alice.access })).toBe('nobody');
  });

  it("leave the host's own errors as they are", async () => {
    await expect(ask('own', {})).rejects.toEqual({ status: 'error', message: "the host's own" });
  });
});
