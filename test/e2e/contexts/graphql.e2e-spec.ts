import { UseFilters, UseGuards } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { Field, GraphQLModule, ObjectType, Query, Resolver, Subscription } from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import { GraphQLError } from 'graphql';
import {
  AuthErrorFilter,
  CurrentToken,
  CurrentUser,
  JwtAuthGuard,
  OptionalJwtAuthGuard,
  StatelessJwtAuthGuard,
  UseAuthentication,
  type AuthenticatedUser,
  type Claims,
  type TokenUser,
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
import {
  CAT_ANSWER,
  CAT_QUERY,
  CAT_SUBSCRIPTION,
  CAT_SUBSCRIPTION_ANSWER,
  CatResolver,
} from './cat.resolver.js';
import { subscribe, type GraphqlAnswer } from './graphql-client.js';

jest.setTimeout(60_000);

@ObjectType()
class Me {
  @Field(() => String)
  name: string;

  @Field(() => String)
  type: string;
}

@Resolver()
class MeResolver {
  @Query(() => Me)
  @UseGuards(JwtAuthGuard)
  me(@CurrentUser() user: AuthenticatedUser, @CurrentToken() token: Claims): Me {
    return { name: user.username, type: String(token['token_type']) };
  }

  @Query(() => String)
  @UseGuards(OptionalJwtAuthGuard)
  visitor(@CurrentUser() user?: AuthenticatedUser): string {
    return user?.username ?? 'nobody';
  }

  @Query(() => String)
  @UseGuards(StatelessJwtAuthGuard)
  believed(@CurrentUser() user: TokenUser): string {
    return String(user.id);
  }

  @Query(() => String)
  @UseAuthentication('BasicAuthentication')
  basic(@CurrentUser() user: AuthenticatedUser): string {
    return user.username;
  }

  @Query(() => String)
  own(): string {
    throw new GraphQLError("the host's own", { extensions: { code: 'OWN' } });
  }

  @Subscription(() => String, { resolve: (name: string) => name })
  @UseGuards(JwtAuthGuard)
  async *names(@CurrentUser() user: AuthenticatedUser): AsyncGenerator<string> {
    yield await Promise.resolve(user.username);
  }
}

/** The same behind a filter of its own, in the place of a global one. */
@Resolver()
@UseFilters(AuthErrorFilter)
class FilteredResolver extends MeResolver {}

describe.each(['globally', 'by decorator'] as const)(
  'resolvers behind the guards, with the filter applied %s',
  (way) => {
    let host: GuardedHost;

    beforeAll(async () => {
      host = await startGuardedHost(
        await hostModule('graphql', {
          imports: [
            GraphQLModule.forRoot<MercuriusDriverConfig>({
              driver: MercuriusDriver,
              autoSchemaFile: true,
              subscription: true,
            }),
          ],
          providers:
            way === 'globally'
              ? [MeResolver, CatResolver, { provide: APP_FILTER, useExisting: AuthErrorFilter }]
              : [FilteredResolver, CatResolver],
        }),
      );
    });
    afterAll(stopHosts);

    function ask(query: string, headers = {}): Promise<Answer<GraphqlAnswer>> {
      return host.client.post('/graphql', { query }, headers);
    }

    it('know the user and the token', async () => {
      for (let time = 0; time < 2; time += 1) {
        const answer = await ask(
          '{ me { name type } believed visitor }',
          bearer(host.alice.access),
        );
        expect(answer.body).toEqual({
          data: { me: { name: 'alice', type: 'access' }, believed: '1', visitor: 'alice' },
        });
      }
    });

    it('show the resolvers of fields what the guard found', async () => {
      const { access } = host.alice;
      const answer = await ask(CAT_QUERY, bearer(access));
      expect(answer.body).toEqual(CAT_ANSWER);
      const first = await subscribe(host.url, { token: access }, {}, CAT_SUBSCRIPTION);
      expect(first).toMatchObject({ type: 'next', payload: CAT_SUBSCRIPTION_ANSWER });
    });

    it('give the error of the HTTP answer in the extensions', async () => {
      const none = await ask('{ me { name } }');
      expect(none.body.data).toBeNull();
      expect(none.body.errors).toMatchObject([
        {
          message: 'Authentication credentials were not provided.',
          extensions: {
            code: 'not_authenticated',
            detail: 'Authentication credentials were not provided.',
            http: { status: 401 },
          },
        },
      ]);
      const refused = await ask('{ me { name } }', bearer(tampered(host.alice.access)));
      expect(refused.body.errors?.[0]?.extensions).toEqual({
        code: 'token_not_valid',
        detail: 'Given token not valid for any token type',
        messages: [
          { token_class: 'AccessToken', token_type: 'access', message: 'Token is invalid' },
        ],
        http: { status: 401 },
      });
    });

    it('stay public where the guard is optional', async () => {
      expect((await ask('{ visitor }')).body).toEqual({ data: { visitor: 'nobody' } });
      const refused = await ask('{ visitor }', bearer('junk'));
      expect(refused.body).toEqual({ data: { visitor: 'nobody' } });
    });

    it('ask the chain that a resolver names', async () => {
      const authorization = `Basic ${Buffer.from(`alice:${PASSWORD}`).toString('base64')}`;
      expect((await ask('{ basic }', { authorization })).body).toEqual({
        data: { basic: 'alice' },
      });
      const refused = await ask('{ basic }', bearer(host.alice.access));
      expect(refused.body.errors).toMatchObject([{ extensions: { code: 'not_authenticated' } }]);
    });

    it("leave the host's own GraphQL errors as they are", async () => {
      const { body } = await ask('{ own }');
      expect(body.errors).toMatchObject([
        { message: "the host's own", extensions: { code: 'OWN' } },
      ]);
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

    it('refuse a subscription without a token', async () => {
      const first = JSON.stringify(await subscribe(host.url, {}));
      expect(first).toContain('Authentication credentials were not provided.');
      expect(first).not.toContain('alice');
    });
  },
);

describe('a context that is one object', () => {
  afterAll(stopHosts);

  it('is refused before a caller acts as another, and the log says what to do', async () => {
    const logger = new LogLines();
    const shared = { db: 'the database' };
    const host = await startGuardedHost(
      await hostModule('graphql_context', {
        imports: [
          GraphQLModule.forRoot<MercuriusDriverConfig>({
            driver: MercuriusDriver,
            autoSchemaFile: true,
            context: () => shared,
          }),
        ],
        providers: [FilteredResolver, CatResolver],
      }),
      { logger },
    );
    const query = { query: '{ visitor }' };
    const first = await host.client.post('/graphql', query, bearer(host.alice.access));
    expect(first.body).toEqual({ data: { visitor: 'alice' } });
    for (const headers of [{}, bearer(host.alice.access)]) {
      const next = await host.client.post<GraphqlAnswer>('/graphql', query, headers);
      expect(next.body.errors).toMatchObject([{ extensions: { http: { status: 500 } } }]);
    }
    expect(logger.text()).toContain('Example: context: () => ({ db })');
  });
});
