import { Module, UseGuards, type DynamicModule, type Type } from '@nestjs/common';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import {
  Field,
  GraphQLModule,
  ObjectType,
  Query,
  ResolveField,
  ResolveReference,
  Resolver,
} from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import {
  JwtAuthGuard,
  OptionalJwtAuthGuard,
  StaffGuard,
  StatelessAuthModule,
  StatelessJwtAuthGuard,
  UseAuthentication,
} from '../../../src/index.js';
import { LogLines } from '../../support/log-lines.js';
import { startHost, stopHosts, type Host } from '../hosts/host.js';
import type { GraphqlAnswer } from './graphql-client.js';
import { hostModule } from './guarded-host.js';

jest.setTimeout(60_000);
afterEach(stopHosts);

@ObjectType()
class Cat {
  @Field(() => String)
  name: string;
}

@Resolver(() => Cat)
class OpenResolver {
  @Query(() => Cat)
  cat(): Cat {
    return { name: 'Tom' };
  }

  @Query(() => Cat)
  @UseGuards(JwtAuthGuard)
  own(): Cat {
    return { name: 'Kit' };
  }

  @ResolveField(() => String)
  mother(): string {
    return 'Cleo';
  }
}

@Resolver(() => Cat)
class CatSecretsResolver {
  @ResolveField(() => String)
  @UseGuards(JwtAuthGuard)
  chip(): string {
    return 'the secret';
  }

  @ResolveField(() => String)
  @UseAuthentication('BasicAuthentication')
  owner(): string {
    return 'alice';
  }

  @ResolveField(() => String)
  @UseGuards(StaffGuard)
  price(): string {
    return '7';
  }

  @ResolveField(() => String)
  colour(): string {
    return 'grey';
  }
}

@Resolver(() => Cat)
@UseGuards(OptionalJwtAuthGuard)
class CatVisitorsResolver {
  @ResolveField(() => String)
  visitor(): string {
    return 'nobody';
  }

  @ResolveReference()
  reference(): Cat {
    return { name: 'Tom' };
  }
}

/** A root by another spelling: Nest runs its guards. */
@Resolver('Query')
class RootFieldResolver {
  @ResolveField('cat')
  @UseGuards(JwtAuthGuard)
  cat(): Cat {
    return { name: 'Tom' };
  }
}

const mercurius = (options: Partial<MercuriusDriverConfig> = {}): DynamicModule =>
  GraphQLModule.forRoot<MercuriusDriverConfig>({
    driver: MercuriusDriver,
    autoSchemaFile: true,
    ...options,
  });

/** What such a host says at start. */
async function startedWith(
  providers: Type[],
  graphql?: DynamicModule,
): Promise<{ host: Host; said: string }> {
  const logger = new LogLines();
  const own = { providers, imports: graphql ? [graphql] : [] };
  const host = await startHost(await hostModule('unreached', own), { logger });
  return { host, said: logger.text() };
}

const FIELDS = 'Nest runs no guards for fields of GraphQL';

describe('fields of GraphQL behind a guard', () => {
  const resolvers = [OpenResolver, CatSecretsResolver, CatVisitorsResolver];

  it('are named at start, since everybody gets them', async () => {
    const { host, said } = await startedWith(resolvers, mercurius());
    const query = '{ cat { chip owner price visitor } }';
    const { body } = await host.client.post<GraphqlAnswer>('/graphql', { query });
    expect(body.data).toEqual({
      cat: { chip: 'the secret', owner: 'alice', price: '7', visitor: 'nobody' },
    });
    expect(said).toContain(
      `${FIELDS}, so that theirs do not close CatSecretsResolver (chip, owner, price), CatVisitorsResolver (visitor, reference): whoever`,
    );
    expect(said).toContain("GraphQLModule.forRoot({ fieldResolverEnhancers: ['guards'] })");
    expect(said.split(FIELDS)).toHaveLength(2);
  });

  it('are named where the options come from a factory, with Apollo as well', async () => {
    const graphql = GraphQLModule.forRootAsync<ApolloDriverConfig>({
      driver: ApolloDriver,
      useFactory: () => ({ autoSchemaFile: true, fieldResolverEnhancers: ['filters'] }),
    });
    expect((await startedWith(resolvers, graphql)).said).toContain('CatSecretsResolver (chip');
  });

  it('are closed, and not named, where Nest is told to run guards for them', async () => {
    const graphql = mercurius({ fieldResolverEnhancers: ['guards'] });
    const { host, said } = await startedWith(resolvers, graphql);
    const { text } = await host.client.post('/graphql', { query: '{ cat { chip } }' });
    expect(text).not.toContain('the secret');
    expect(said).not.toContain(FIELDS);
  });

  it('are not named where there are none', async () => {
    expect((await startedWith([OpenResolver], mercurius())).said).not.toContain(FIELDS);
    await stopHosts();
    expect((await startedWith([CatSecretsResolver])).said).not.toContain(FIELDS);
    await stopHosts();
    const schema = {
      autoSchemaFile: undefined,
      typeDefs: 'type Query { cat: Cat } type Cat { name: String }',
    };
    expect((await startedWith([RootFieldResolver], mercurius(schema))).said).not.toContain(FIELDS);
  });

  it('are named in a service that only verifies', async () => {
    @Resolver(() => Cat)
    class BelievingResolver {
      @Query(() => Cat)
      cat(): Cat {
        return { name: 'Tom' };
      }

      @ResolveField(() => String)
      @UseGuards(StatelessJwtAuthGuard)
      chip(): string {
        return 'the secret';
      }
    }
    @Module({
      imports: [
        StatelessAuthModule.forRoot({
          jwkUrl: 'http://127.0.0.1:9/.well-known/jwks.json',
          algorithm: 'ES256',
        }),
        mercurius(),
      ],
      providers: [BelievingResolver],
    })
    class AppModule {}
    const logger = new LogLines();
    await startHost(AppModule, { logger });
    expect(logger.text()).toContain('do not close BelievingResolver (chip)');
  });
});
