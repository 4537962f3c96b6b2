import {
  BadRequestException,
  Body,
  ConflictException,
  Controller,
  ForbiddenException,
  Get,
  HttpException,
  Injectable,
  Module,
  NotFoundException,
  Param,
  Post,
  Res,
  UnauthorizedException,
  UseGuards,
  type CanActivate,
  type PipeTransform,
} from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthErrorFilter, AuthModule, TokenController, configureApp } from '../../../src/index.js';
import {
  PLATFORMS,
  SIGNING_KEY,
  hostDatabase,
  hostTypeOrm,
  startHost,
  stopHosts,
  type Host,
} from './host.js';

jest.setTimeout(30_000);

const ERRORS: Record<string, () => Error> = {
  captcha: () => new ForbiddenException({ code: 'captcha' }),
  tenant: () => new NotFoundException('no such tenant'),
  upstream: () => new HttpException('the upstream is broken', 502),
  taken: () => new ConflictException('taken', { cause: new Error('of the inside') }),
  plain: () => new HttpException('not today', 400),
  wrapped: () => new BadRequestException(new Error('of the inside')),
  unknown: () => new UnauthorizedException('not you'),
  fault: () => new Error('of the inside'),
};

@Injectable()
class NobodyPasses implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

/** Throws what Nest's `ValidationPipe` does, which needs a package more. */
@Injectable()
class AddressPipe implements PipeTransform {
  transform(body: { email?: unknown }): unknown {
    if (!String(body.email).includes('@')) throw new BadRequestException(['Give an address.']);
    return body;
  }
}

interface PlatformResponse {
  header(name: string, value: string): void;
}

@Controller()
class OwnTokenController extends TokenController {
  @Get('own-errors/:name')
  fail(@Param('name') name: string) {
    throw ERRORS[name]!();
  }

  @Post('newsletter')
  subscribe(@Body(AddressPipe) body: object) {
    return body;
  }

  @UseGuards(NobodyPasses)
  @Get('closed')
  closed() {
    return {};
  }

  @UseGuards(AuthGuard('jwt'))
  @Get('passport')
  passport() {
    return {};
  }

  @Get('challenge')
  challenge(@Res({ passthrough: true }) response: PlatformResponse) {
    response.header('WWW-Authenticate', 'Own');
    throw new UnauthorizedException('not you');
  }
}

describe.each(PLATFORMS)('on %s', (platform) => {
  let host: Host;
  beforeAll(async () => {
    const url = await hostDatabase('own_errors');
    @Module({
      imports: [
        TypeOrmModule.forRoot(hostTypeOrm(url)),
        AuthModule.forRoot({ signingKey: SIGNING_KEY, tokenController: OwnTokenController }),
      ],
      providers: [{ provide: APP_FILTER, useExisting: AuthErrorFilter }],
    })
    class AppModule {}
    host = await startHost(AppModule, { platform, configure: configureApp });
  });
  afterAll(stopHosts);

  it.each<[string, number, object]>([
    ['captcha', 403, { code: 'captcha' }],
    ['tenant', 404, { message: 'no such tenant', error: 'Not Found', statusCode: 404 }],
    ['upstream', 502, { message: 'the upstream is broken', statusCode: 502 }],
    ['taken', 409, { message: 'taken', error: 'Conflict', statusCode: 409 }],
    ['plain', 400, { message: 'not today', statusCode: 400 }],
    ['wrapped', 400, { message: 'Bad Request', statusCode: 400 }],
    ['unknown', 401, { message: 'not you', error: 'Unauthorized', statusCode: 401 }],
  ])("an exception of the host's own keeps its status and body: %s", async (name, status, body) => {
    expect(await host.client.get(`/own-errors/${name}`)).toMatchObject({ status, body });
    const { body: answer } = await host.client.get(`/own-errors/${name}`);
    expect(answer).toEqual(body);
  });

  it('a validation pipe of the host tells its messages', async () => {
    const answer = await host.client.post('/newsletter', { email: 'x' });
    expect(answer).toMatchObject({ status: 400, body: { message: ['Give an address.'] } });
  });

  it("a 401 of the host's has a challenge, its own if it set one", async () => {
    const ours = await host.client.get('/own-errors/unknown');
    expect(ours.headers.get('www-authenticate')).toBe('Bearer realm="api"');
    const own = await host.client.get('/challenge');
    expect(own.headers.get('www-authenticate')).toBe('Own');
  });

  it.each<[string, number, object]>([
    ['/own-errors/fault', 500, { error: 'Server Error (500)' }],
    ['/nowhere?x=1', 404, { detail: 'Not found.' }],
    ['/closed', 403, { detail: 'You do not have permission to perform this action.' }],
    ['/passport', 401, { detail: 'Unauthorized' }],
  ])(
    "what the framework says by itself has the contract's body: %s",
    async (path, status, body) => {
      const answer = await host.client.get(path);
      expect(answer).toMatchObject({ status });
      expect(answer.body).toEqual(body);
    },
  );

  it("a body that the platform cannot read has the contract's body", async () => {
    const json = { 'content-type': 'application/json' };
    const malformed = await host.client.post('/newsletter', '{"email":', json);
    expect(malformed.status).toBe(400);
    expect(malformed.body).toEqual({ detail: expect.any(String) });
    const large = `{"email":"${'x'.repeat(2_000_000)}"}`;
    const tooLarge = await host.client.post('/newsletter', large, json);
    expect(tooLarge.status).toBe(413);
    expect(tooLarge.body).toEqual({ detail: 'Request body is too large.' });
  });
});
