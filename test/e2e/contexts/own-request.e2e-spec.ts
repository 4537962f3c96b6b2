import {
  Injectable,
  UseFilters,
  UseGuards,
  type ExecutionContext,
  type Type,
} from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { ExternalContextCreator } from '@nestjs/core/helpers/external-context-creator.js';
import { Args, GqlExecutionContext, GraphQLModule, Query, Resolver } from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import {
  AuthErrorFilter,
  CurrentToken,
  CurrentUser,
  JwtAuthGuard,
  LocalAuthGuard,
  Public,
  type AuthenticatedUser,
  type Claims,
  type GuardedRequest,
} from '../../../src/index.js';
import type { Answer } from '../../support/client.js';
import { LogLines } from '../../support/log-lines.js';
import { stopHosts } from '../hosts/host.js';
import {
  PASSWORD,
  bearer,
  hostModule,
  startGuardedHost,
  tampered,
  type GuardedHost,
} from './guarded-host.js';
import type { GraphqlAnswer } from './graphql-client.js';

jest.setTimeout(60_000);

/** As Nest's documentation has it. */
@Injectable()
class GqlAuthGuard extends JwtAuthGuard {
  override getRequest(context: ExecutionContext): GuardedRequest {
    return GqlExecutionContext.create(context).getContext<{ req: GuardedRequest }>().req;
  }
}

@Injectable()
class GqlLocalAuthGuard extends LocalAuthGuard {
  override getRequest(context: ExecutionContext): object {
    return { body: GqlExecutionContext.create(context).getArgs<object>(), headers: {} };
  }
}

@Resolver()
@UseFilters(AuthErrorFilter)
class MeResolver {
  @Query(() => String)
  @UseGuards(GqlAuthGuard)
  me(@CurrentUser() user: AuthenticatedUser, @CurrentToken() token: Claims): string {
    return `${user.username} by ${String(token['token_type'])}`;
  }

  @Query(() => String)
  @Public()
  @UseGuards(GqlAuthGuard)
  open(@CurrentUser() user?: AuthenticatedUser): string {
    return user?.username ?? 'nobody';
  }

  @Query(() => String)
  @UseGuards(GqlLocalAuthGuard)
  login(
    @Args('username') _username: string,
    @Args('password') _password: string,
    @CurrentUser() user: AuthenticatedUser,
  ): string {
    return user.username;
  }

  @Query(() => String)
  @UseGuards(LocalAuthGuard)
  mistake(): string {
    return 'in';
  }
}

/** What a bot of the host's own is asked. */
interface BotMessage {
  readonly token?: string;
}

@Injectable()
class BotGuard extends JwtAuthGuard {
  override getRequest(context: ExecutionContext): GuardedRequest {
    const { token } = context.getArgByIndex<BotMessage>(0);
    return { headers: token === undefined ? {} : bearer(token) };
  }
}

@Injectable()
class BotHandler {
  @UseGuards(BotGuard)
  me(@CurrentUser() user: AuthenticatedUser, @CurrentToken() token: Claims): string {
    return `${user.username} by ${String(token['token_type'])}`;
  }
}

describe('a guard that looks at a request of its own', () => {
  const logger = new LogLines();
  let host: GuardedHost;

  beforeAll(async () => {
    host = await startGuardedHost(
      await hostModule('own_request', {
        imports: [
          GraphQLModule.forRoot<MercuriusDriverConfig>({
            driver: MercuriusDriver,
            autoSchemaFile: true,
          }),
        ],
        providers: [MeResolver, BotHandler],
      }),
      { logger },
    );
  });
  afterAll(stopHosts);

  function ask(query: string, headers = {}): Promise<Answer<GraphqlAnswer>> {
    return host.client.post('/graphql', { query }, headers);
  }

  it('lets the decorators know what it found, on GraphQL', async () => {
    // The second time from memory.
    for (let time = 0; time < 2; time += 1) {
      const answer = await ask('{ me open }', bearer(host.alice.access));
      expect(answer.body).toEqual({ data: { me: 'alice by access', open: 'nobody' } });
    }
    const { body } = await ask('{ me }', bearer(tampered(host.alice.access)));
    expect(body.errors).toMatchObject([{ extensions: { code: 'token_not_valid' } }]);
  });

  it("lets the decorators know what it found, on a transport of the host's own", async () => {
    const tell = handlerOf(host, BotHandler, 'me');
    for (let time = 0; time < 2; time += 1) {
      const message = Object.freeze({ token: host.alice.access });
      expect(await tell(message)).toBe('alice by access');
    }
    await expect(tell({})).rejects.toMatchObject({ code: 'not_authenticated' });
    await expect(tell({ token: 'junk' })).rejects.toMatchObject({ code: 'token_not_valid' });
  });

  it('checks a password wherever it says that the body is', async () => {
    const login = (password: string): Promise<Answer<GraphqlAnswer>> =>
      ask(`{ login(username: "alice", password: "${password}") }`);
    expect((await login(PASSWORD)).body).toEqual({ data: { login: 'alice' } });
    const { body } = await login('wrong');
    expect(body.errors).toMatchObject([{ extensions: { code: 'no_active_account' } }]);
  });

  it('is missed with a word on what to override, where there is no body', async () => {
    const { body } = await ask('{ mistake }');
    expect(body.errors).toMatchObject([{ extensions: { code: 'server_error' } }]);
    expect(logger.text()).toContain('LocalAuthGuard is used on a handler of the kind "graphql"');
    expect(logger.text()).toContain('Override getRequest().');
  });
});

/** A handler with its guards and parameters, as a transport of a host's own makes it. */
function handlerOf<T extends object>(
  { app }: GuardedHost,
  type: Type<T>,
  name: keyof T & string,
): (message: BotMessage) => Promise<unknown> {
  const instance = app.get(type);
  const method = instance[name] as (...args: unknown[]) => unknown;
  return app
    .get(ExternalContextCreator)
    .create(
      instance,
      method,
      name,
      ROUTE_ARGS_METADATA,
      { exchangeKeyForValue: () => undefined },
      undefined,
      undefined,
      undefined,
      'bot',
    );
}
