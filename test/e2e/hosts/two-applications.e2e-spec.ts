import {
  Controller,
  Get,
  Injectable,
  Post,
  UnauthorizedException,
  UseFilters,
  UseGuards,
  type ExecutionContext,
} from '@nestjs/common';
import { DataSource } from 'typeorm';
import {
  AuthErrorFilter,
  CurrentUser,
  JwtAuthGuard,
  LocalAuthGuard,
  OptionalJwtAuthGuard,
  StatelessJwtAuthGuard,
  type AuthenticatedUser,
} from '../../../src/index.js';
import {
  PASSWORD,
  bearer,
  hostModule,
  startGuardedHost,
  type GuardedHost,
} from '../contexts/guarded-host.js';
import { stopHosts } from './host.js';

jest.setTimeout(60_000);

/** Looks at the user once more, in its own time, as a host's guard may. */
@Injectable()
class PatientGuard extends JwtAuthGuard {
  override handleRequest<TUser>(
    error: unknown,
    user: TUser | false | null,
    info: unknown,
    context: ExecutionContext,
  ): TUser {
    return this.lookAgain(super.handleRequest(error, user, info, context)) as TUser;
  }

  private async lookAgain(user: unknown): Promise<AuthenticatedUser> {
    await new Promise((resolve) => setImmediate(resolve));
    const found = user as AuthenticatedUser;
    return { ...found, username: `${found.username}!` };
  }
}

/** As Nest's documentation writes it. */
@Injectable()
class PlainGuard extends JwtAuthGuard {
  override handleRequest<TUser>(error: unknown, user: TUser | false | null): TUser {
    if (error || !user) throw new UnauthorizedException('not you');
    return user;
  }
}

@Injectable()
class GreetingLoginGuard extends LocalAuthGuard {
  override handleRequest<TUser>(error: unknown, user: TUser | false | null): TUser {
    if (error || !user) throw new UnauthorizedException('no entry');
    return user;
  }
}

@Controller()
@UseFilters(AuthErrorFilter)
class WhoController {
  @Get('guarded')
  @UseGuards(JwtAuthGuard)
  guarded(@CurrentUser() user: AuthenticatedUser) {
    return { name: user.username };
  }

  @Get('optional')
  @UseGuards(OptionalJwtAuthGuard)
  optional(@CurrentUser() user?: AuthenticatedUser) {
    return { name: user?.username ?? 'nobody' };
  }

  @Get('stateless')
  @UseGuards(StatelessJwtAuthGuard)
  stateless() {
    return { name: 'somebody' };
  }

  @Get('patient')
  @UseGuards(PatientGuard)
  patient(@CurrentUser() user: AuthenticatedUser) {
    return { name: user.username };
  }

  @Get('plain')
  @UseGuards(PlainGuard)
  plain(@CurrentUser() user: AuthenticatedUser) {
    return { name: user.username };
  }

  @Post('greeting')
  @UseGuards(GreetingLoginGuard)
  greeting(@CurrentUser() user: AuthenticatedUser) {
    return { name: user.username };
  }
}

describe('two applications with different keys in one process', () => {
  let first: GuardedHost;
  let second: GuardedHost;

  beforeAll(async () => {
    const start = async (name: string, signingKey: string) => {
      const module = await hostModule(name, { controllers: [WhoController] }, { signingKey });
      return startGuardedHost(module);
    };
    first = await start('first_of_two', 'the-key-of-the-first-0123456789abcdef0123456789abcdef');
    second = await start('second_of_two', 'the-key-of-the-second-0123456789abcdef0123456789abcdef');
    const { app } = second;
    await app.get(DataSource, { strict: false }).query(`UPDATE auth_user SET username = 'amelia'`);
  });
  afterAll(stopHosts);

  it.each(['/guarded', '/stateless', '/patient', '/plain'])(
    'let in at %s who has a token of their own, and nobody with one of the other',
    async (path) => {
      for (const [host, other] of [
        [first, second],
        [second, first],
      ] as const) {
        expect((await host.client.get(path, bearer(host.alice.access))).status).toBe(200);
        expect((await host.client.get(path, bearer(other.alice.access))).status).toBe(401);
      }
    },
  );

  it('know nobody by a token of the other where a token is optional', async () => {
    const answer = await first.client.get('/optional', bearer(second.alice.access));
    expect(answer).toMatchObject({ status: 200, body: { name: 'nobody' } });
    const own = await first.client.get('/optional', bearer(first.alice.access));
    expect(own).toMatchObject({ status: 200, body: { name: 'alice' } });
  });

  it('check names and passwords of their own users', async () => {
    expect((await first.client.obtain('alice', PASSWORD)).status).toBe(200);
    expect((await second.client.obtain('alice', PASSWORD)).status).toBe(401);
    expect((await second.client.obtain('amelia', PASSWORD)).status).toBe(200);
  });

  it('ask what overrides handleRequest each time, and wait for it', async () => {
    for (let time = 0; time < 2; time += 1) {
      const answer = await first.client.get('/patient', bearer(first.alice.access));
      expect(answer.body).toEqual({ name: 'alice!' });
    }
    expect((await first.client.get('/plain')).body).toEqual({
      statusCode: 401,
      error: 'Unauthorized',
      message: 'not you',
    });
    const credentials = { username: 'alice', password: PASSWORD };
    expect((await first.client.post('/greeting', credentials)).body).toEqual({ name: 'alice' });
    const wrong = await first.client.post('/greeting', { ...credentials, password: 'wrong' });
    expect(wrong).toMatchObject({
      status: 401,
      body: { message: 'no entry', error: 'Unauthorized', statusCode: 401 },
    });
  });
});
