import { UseGuards } from '@nestjs/common';
import {
  Field,
  ObjectType,
  Parent,
  Query,
  ResolveField,
  Resolver,
  Subscription,
} from '@nestjs/graphql';
import {
  CurrentToken,
  CurrentUser,
  JwtAuthGuard,
  Public,
  type AuthenticatedUser,
  type Claims,
} from '../../../src/index.js';

@ObjectType()
export class Cat {
  @Field(() => String)
  name: string;
}

/** Fields with resolvers of their own, below guarded and public ones. */
@Resolver(() => Cat)
@UseGuards(JwtAuthGuard)
export class CatResolver {
  @Query(() => [Cat])
  cats(): Cat[] {
    return [{ name: 'Tom' }, { name: 'Kit' }];
  }

  @Public()
  @Query(() => Cat)
  stray(): Cat {
    return { name: 'Stray' };
  }

  @Subscription(() => Cat, { resolve: (cat: Cat) => cat })
  async *born(): AsyncGenerator<Cat> {
    yield await Promise.resolve({ name: 'Kit' });
  }

  @ResolveField(() => String)
  owner(@Parent() cat: Cat, @CurrentUser() user?: AuthenticatedUser): string {
    return `${user?.username ?? 'nobody'} of ${cat.name}`;
  }

  @ResolveField(() => String)
  token(@CurrentToken() token?: Claims): string {
    return String(token?.['token_type']);
  }

  @ResolveField(() => Cat)
  mother(): Cat {
    return { name: 'Cleo' };
  }
}

export const CAT_QUERY = '{ stray { owner } cats { owner token mother { owner } } }';
export const CAT_ANSWER = {
  data: {
    stray: { owner: 'nobody of Stray' },
    cats: ['Tom', 'Kit'].map((name) => ({
      owner: `alice of ${name}`,
      token: 'access',
      mother: { owner: 'alice of Cleo' },
    })),
  },
};

export const CAT_SUBSCRIPTION = 'subscription { born { owner mother { owner } } }';
export const CAT_SUBSCRIPTION_ANSWER = {
  data: { born: { owner: 'alice of Kit', mother: { owner: 'alice of Cleo' } } },
};
