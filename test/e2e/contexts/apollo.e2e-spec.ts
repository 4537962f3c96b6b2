import { UseFilters, UseGuards } from '@nestjs/common';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { GraphQLModule, Query, Resolver, Subscription } from '@nestjs/graphql';
import {
  AuthErrorFilter,
  CurrentUser,
  JwtAuthGuard,
  OptionalJwtAuthGuard,
  type AuthenticatedUser,
} from '../../../src/index.js';
import type { Answer } from '../../support/client.js';
import { PLATFORMS, stopHosts } from '../hosts/host.js';
import { bearer, createUser, hostModule, startGuardedHost, PASSWORD } from './guarded-host.js';
import type { GuardedHost } from './guarded-host.js';
import {
  CAT_ANSWER,
  CAT_QUERY,
  CAT_SUBSCRIPTION,
  CAT_SUBSCRIPTION_ANSWER,
  CatResolver,
} from './cat.resolver.js';
import { subscribe, type GraphqlAnswer } from './graphql-client.js';

jest.setTimeout(60_000);

@Resolver()
@UseFilters(AuthErrorFilter)
class MeResolver {
  @Query(() => String)
  @UseGuards(JwtAuthGuard)
  me(@CurrentUser() user: AuthenticatedUser): string {
    return user.username;
  }

  @Query(() => String)
  @UseGuards(OptionalJwtAuthGuard)
  visitor(@CurrentUser() user?: AuthenticatedUser): string {
    return user?.username ?? 'nobody';
  }

  @Subscription(() => String, { resolve: (name: string) => name })
  @UseGuards(JwtAuthGuard)
  async *names(@CurrentUser() user: AuthenticatedUser): AsyncGenerator<string> {
    yield await Promise.resolve(user.username);
  }
}

const CONTEXTS: [string, ApolloDriverConfig['context']][] = [
  ['of the driver', undefined],
  ['that a function gives', () => ({ db: 'the database' })],
  ['that is one object', { db: 'the database' }],
];

describe.each(PLATFORMS)('resolvers of Apollo on %s', (platform) => {
  describe.each(CONTEXTS)('with a context %s', (_name, context) => {
    let host: GuardedHost;

    beforeAll(async () => {
      host = await startGuardedHost(
        await hostModule('apollo', {
          imports: [
            GraphQLModule.forRoot<ApolloDriverConfig>({
              driver: ApolloDriver,
              autoSchemaFile: true,
              subscriptions: { 'graphql-ws': true },
              allowBatchedHttpRequests: true,
              ...(context && { context }),
            }),
          ],
          providers: [MeResolver, CatResolver],
        }),
        { platform },
      );
      await createUser(host, 'bob');
    });
    afterAll(stopHosts);

    function ask(query: string, headers = {}): Promise<Answer<GraphqlAnswer>> {
      return host.client.post('/graphql', { query }, headers);
    }

    it('know each caller', async () => {
      const bob = await host.client.login('bob', PASSWORD);
      for (const [name, { access }] of [
        ['alice', host.alice],
        ['bob', bob],
        ['alice', host.alice],
      ] as const) {
        const answer = await ask('{ me visitor }', bearer(access));
        expect(answer.body).toEqual({ data: { me: name, visitor: name } });
      }
      expect((await ask('{ visitor }')).body).toEqual({ data: { visitor: 'nobody' } });
    });

    it('know the caller of operations that come together', async () => {
      const operations = [{ query: '{ me }' }, { query: '{ visitor }' }];
      const answer = await host.client.post('/graphql', operations, bearer(host.alice.access));
      expect(answer.body).toEqual([{ data: { me: 'alice' } }, { data: { visitor: 'alice' } }]);
    });

    it('show the resolvers of fields what the guard found', async () => {
      const { access } = host.alice;
      const answer = await ask(CAT_QUERY, bearer(access));
      expect(answer.body).toEqual(CAT_ANSWER);
      const first = await subscribe(host.url, { token: access }, {}, CAT_SUBSCRIPTION);
      expect(first).toMatchObject({ type: 'next', payload: CAT_SUBSCRIPTION_ANSWER });
    });

    it('refuse those who show nothing', async () => {
      const { status, body } = await ask('{ me }');
      expect(status).toBe(200);
      expect(body.errors).toMatchObject([{ extensions: { code: 'not_authenticated' } }]);
    });

    it.each(['Authorization', 'token'])(
      'read %s of the first message of a subscription',
      async (name) => {
        const { access } = host.alice;
        const value = name === 'token' ? access : `Bearer ${access}`;
        const first = await subscribe(host.url, { [name]: value });
        expect(first).toMatchObject({ type: 'next', payload: { data: { names: 'alice' } } });
      },
    );

    it('read the header of the request that opened the connection', async () => {
      const first = await subscribe(host.url, undefined, bearer(host.alice.access));
      expect(first).toMatchObject({ type: 'next', payload: { data: { names: 'alice' } } });
    });

    it.each([{}, undefined])('refuse a subscription of a client that sent %p', async (sent) => {
      const first = JSON.stringify(await subscribe(host.url, sent));
      expect(first).toContain('"code":"not_authenticated"');
      expect(first).not.toContain('alice');
    });
  });
});

describe('a context that keeps the request of the first caller', () => {
  afterAll(stopHosts);

  it('is refused to the second one', async () => {
    const context: { req?: object } = {};
    const host = await startGuardedHost(
      await hostModule('apollo_context', {
        imports: [
          GraphQLModule.forRoot<ApolloDriverConfig>({
            driver: ApolloDriver,
            autoSchemaFile: true,
            // As @nestjs/apollo before 14.0.3 does with a context that is one object.
            context: ({ req }: { req: object }) =>
              Object.assign(context, { req: context.req ?? req }),
          }),
        ],
        providers: [MeResolver, CatResolver],
      }),
      { platform: 'express' },
    );
    const query = { query: '{ visitor }' };
    const first = await host.client.post('/graphql', query, bearer(host.alice.access));
    expect(first.body).toEqual({ data: { visitor: 'alice' } });
    const next = await host.client.post<GraphqlAnswer>('/graphql', query);
    expect(next.body.data).toBeNull();
    expect(next.body.errors).toMatchObject([{ extensions: { code: 'server_error' } }]);
  });
});
