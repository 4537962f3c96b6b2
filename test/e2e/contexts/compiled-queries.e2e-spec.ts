import { UseGuards } from '@nestjs/common';
import { Field, GraphQLModule, ObjectType, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import {
  AuthErrorFilter,
  CurrentUser,
  JwtAuthGuard,
  OptionalJwtAuthGuard,
  type AuthenticatedUser,
} from '../../../src/index.js';
import type { Answer } from '../../support/client.js';
import { stopHosts } from '../hosts/host.js';
import { CAT_ANSWER, CAT_QUERY, CatResolver } from './cat.resolver.js';
import type { GraphqlAnswer } from './graphql-client.js';
import {
  PASSWORD,
  bearer,
  createUser,
  hostModule,
  startGuardedHost,
  tampered,
  type GuardedHost,
} from './guarded-host.js';
import { APP_FILTER } from '@nestjs/core';

jest.setTimeout(60_000);

@ObjectType()
class House {
  @Field(() => String)
  name: string;
}

/** A public query with a guarded field in it, which has fields of its own. */
@Resolver(() => House)
class HouseResolver {
  @Query(() => [House])
  houses(): House[] {
    return [{ name: 'a' }, { name: 'b' }];
  }

  @Query(() => House)
  @UseGuards(OptionalJwtAuthGuard)
  house(): House {
    return { name: 'c' };
  }

  @ResolveField(() => House)
  @UseGuards(JwtAuthGuard)
  cellar(): House {
    return { name: 'cellar' };
  }

  @ResolveField(() => String)
  visitor(@CurrentUser() user?: AuthenticatedUser): string {
    return user?.username ?? 'nobody';
  }
}

// Mercurius compiles a query when it comes for the second time.
const TIMES = 4;

describe.each([
  ['none', []],
  ['the guards', ['guards' as const]],
])('queries that Mercurius compiles, with %s run for fields', (_which, fieldResolverEnhancers) => {
  let host: GuardedHost;
  let bob: { authorization: string };

  beforeAll(async () => {
    host = await startGuardedHost(
      await hostModule('compiled', {
        imports: [
          GraphQLModule.forRoot<MercuriusDriverConfig>({
            driver: MercuriusDriver,
            autoSchemaFile: true,
            allowBatchedQueries: true,
            jit: 1,
            fieldResolverEnhancers,
          }),
        ],
        providers: [
          CatResolver,
          HouseResolver,
          { provide: APP_FILTER, useExisting: AuthErrorFilter },
        ],
      }),
    );
    await createUser(host, 'bob');
    bob = bearer((await host.client.login('bob', PASSWORD)).access);
  });
  afterAll(stopHosts);

  const ask = (query: string, headers = {}): Promise<Answer<GraphqlAnswer>> =>
    host.client.post('/graphql', { query }, headers);
  const areGuarded = fieldResolverEnhancers.length > 0;

  it('show the resolvers of fields what the guard found, each time', async () => {
    const query = areGuarded ? '{ cats { owner token mother { owner } } }' : CAT_QUERY;
    const { cats } = CAT_ANSWER.data;
    const alice = areGuarded ? { data: { cats } } : CAT_ANSWER;
    for (let time = 0; time < TIMES; time += 1) {
      expect((await ask(query, bearer(host.alice.access))).body).toEqual(alice);
      const { text } = await ask(query, bob);
      expect(text).toContain('bob of Tom');
      expect(text).not.toContain('alice');
    }
  });

  it('tell callers apart who ask at the same time', async () => {
    const query = '{ all: cats { owner } others: cats { mother { owner } } }';
    for (let time = 0; time < TIMES; time += 1) {
      const asked = [bearer(host.alice.access), bob].map((who) => ask(query, who));
      const [alice, other] = await Promise.all(asked);
      expect(alice?.text.match(/alice of/g)).toHaveLength(4);
      expect(other?.text.match(/bob of/g)).toHaveLength(4);
      expect(`${alice?.text.includes('bob')} ${other?.text.includes('alice')}`).toBe('false false');
    }
  });

  it('tell operations apart that come together', async () => {
    const operations = ['{ cats { owner } }', '{ house { visitor } }', '{ houses { visitor } }'];
    for (let time = 0; time < TIMES; time += 1) {
      const body = operations.map((query) => ({ query }));
      const answer = await host.client.post('/graphql', body, bearer(host.alice.access));
      expect(answer.body).toEqual([
        { data: { cats: [{ owner: 'alice of Tom' }, { owner: 'alice of Kit' }] } },
        { data: { house: { visitor: 'alice' } } },
        { data: { houses: [{ visitor: 'nobody' }, { visitor: 'nobody' }] } },
      ]);
    }
  });

  it('refuse those who show nothing, each time', async () => {
    for (let time = 0; time < TIMES; time += 1) {
      for (const headers of [{}, bearer(tampered(host.alice.access))]) {
        const { body, text } = await ask('{ cats { owner } }', headers);
        expect(body.errors?.[0]?.extensions['http']).toEqual({ status: 401 });
        expect(text).not.toContain('alice');
      }
    }
  });

  it('show the fields of a field what its own guard found, where it is run', async () => {
    const query = '{ houses { visitor cellar { visitor cellar { visitor } } } }';
    const seen = areGuarded ? 'alice' : 'nobody';
    const house = {
      visitor: 'nobody',
      cellar: { visitor: seen, cellar: { visitor: seen } },
    };
    for (let time = 0; time < TIMES; time += 1) {
      const { body } = await ask(query, bearer(host.alice.access));
      expect(body).toEqual({ data: { houses: [house, house] } });
      const refused = await ask(query);
      expect(refused.body.errors?.length ?? 0).toBe(areGuarded ? 1 : 0);
    }
  });
});
