import type { Type } from '@nestjs/common';
import type { ApplicationConfig } from '@nestjs/core';

/** What Nest's `CacheInterceptor` and its subclasses have: they leave our views alone (`@HttpView`). */
type NestCache = { readonly isRequestCacheable?: unknown };

/** Names of global interceptors that seem to cache and of which nothing more is known. */
export function cachingInterceptors(application: ApplicationConfig): string[] {
  const types = [
    ...application.getGlobalInterceptors().map((one) => one.constructor),
    ...application.getGlobalRequestInterceptors().map(({ metatype }) => metatype),
  ] as (Type | null)[];
  return types.flatMap((type) =>
    type && /cach/i.test(type.name) && !(type.prototype as NestCache).isRequestCacheable
      ? [type.name]
      : [],
  );
}
