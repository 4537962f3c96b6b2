import { Controller, Get, Module, Post, UseGuards } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { TypeOrmModule } from '@nestjs/typeorm';
import { LoginPolicy, type PasswordLogin } from '../../../src/login/login-policy.js';
import {
  AuthModule,
  CurrentUser,
  LocalAuthGuard,
  PasswordHasher,
  UseAuthentication,
  UsersService,
  type LoggedInUser,
} from '../../../src/index.js';
import { SIGNING_KEY, hostDatabase, hostTypeOrm, startHost, stopHosts, type Host } from './host.js';

jest.setTimeout(30_000);

const PASSWORD = 'correct horse';

@Controller('doors')
class DoorsController {
  @UseGuards(LocalAuthGuard)
  @Post('local')
  local(@CurrentUser() user: LoggedInUser) {
    return { name: user.username };
  }

  @UseGuards(AuthGuard('local'))
  @Post('passport-local')
  passportLocal(@CurrentUser() user: LoggedInUser) {
    return { name: user.username };
  }

  @UseAuthentication('BasicAuthentication')
  @Get('basic')
  basic(@CurrentUser() user: LoggedInUser) {
    return { name: user.username };
  }
}

describe('the policy between password and session', () => {
  const asked: PasswordLogin[] = [];
  let isClosed = false;
  let host: Host;

  beforeAll(async () => {
    @Module({
      imports: [
        TypeOrmModule.forRoot(hostTypeOrm(await hostDatabase('doors'))),
        AuthModule.forRoot({ signingKey: SIGNING_KEY, loginLimit: null, loginLimitAddress: null }),
      ],
      controllers: [DoorsController],
    })
    class AppModule {}
    host = await startHost(AppModule);
    const password = await host.app.get(PasswordHasher).hash(PASSWORD);
    const users = host.app.get(UsersService, { strict: false });
    await users.createMissing({ username: 'alice', password });
    const policy = host.app.get(LoginPolicy, { strict: false });
    const assess = policy.assess.bind(policy);
    policy.assess = async (login) => {
      asked.push(login);
      return isClosed ? { verdict: 'refuse', reason: 'closed' } : assess(login);
    };
  });
  beforeEach(() => {
    asked.length = 0;
    isClosed = false;
  });
  afterAll(stopHosts);

  const post = (path: string) => (password: string) =>
    host.client.post(path, { username: 'alice', password });
  const basic = (password: string) =>
    host.client.get('/doors/basic', {
      authorization: `Basic ${Buffer.from(`alice:${password}`).toString('base64')}`,
    });

  it.each([
    ['the pair', post('/login/simpleJWT'), 'session'],
    ['the sliding token', post('/login/simpleJWT/sliding'), 'session'],
    ['LocalAuthGuard', post('/doors/local'), 'session'],
    ["AuthGuard('local')", post('/doors/passport-local'), 'session'],
    ['HTTP Basic', basic, 'request'],
  ] as const)(
    'is asked by the door %s, and refuses like a wrong password',
    async (_, open, purpose) => {
      expect((await open(PASSWORD)).status).toBeLessThan(300);
      expect(asked).toEqual([
        {
          user: expect.objectContaining({ username: 'alice' }),
          context: expect.objectContaining({ ip: '127.0.0.1' }),
          purpose,
        },
      ]);
      const wrong = await open('wrong');
      expect(wrong.status).toBe(401);
      expect(asked).toHaveLength(1);

      isClosed = true;
      const closed = await open(PASSWORD);
      expect([closed.status, closed.body]).toEqual([401, wrong.body]);
    },
  );
});
