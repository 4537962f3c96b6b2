import { Header, SetMetadata, applyDecorators } from '@nestjs/common';

/** Keys of the metadata of `@CacheKey()` and `@CacheTTL()` of @nestjs/cache-manager, which this package does not load. */
const CACHE_KEY = 'cache_module:cache_key';
const CACHE_TTL = 'cache_module:cache_ttl';

/**
 * No cache may store an answer of this handler: on the way by the header (RFC 6749 §5.1), and a host's `CacheInterceptor`,
 * whose keys are URLs, would give one user's answer to the next. The interceptor stores nothing that has no key, nor,
 * where a subclass makes keys of its own, anything whose time to live cannot be told.
 */
export function NotCached(): MethodDecorator {
  return applyDecorators(
    Header('Cache-Control', 'no-store'),
    SetMetadata(CACHE_KEY, () => undefined),
    SetMetadata(CACHE_TTL, () => {
      throw new Error('answers of this view are never cached');
    }),
  );
}
