import { SetMetadata, applyDecorators } from '@nestjs/common';

/** Keys of the metadata of `@CacheKey()` and `@CacheTTL()` of @nestjs/cache-manager, which this package does not load. */
const CACHE_KEY = 'cache_module:cache_key';
const CACHE_TTL = 'cache_module:cache_ttl';

/**
 * Keeps a host's `CacheInterceptor` from giving one user's answer to the next: its keys are URLs. It stores nothing that has
 * no key, nor, where a subclass makes keys of its own, anything whose time to live cannot be told.
 */
export function NotCached(): MethodDecorator {
  return applyDecorators(
    SetMetadata(CACHE_KEY, () => undefined),
    SetMetadata(CACHE_TTL, () => {
      throw new Error('answers of this view are never cached');
    }),
  );
}
