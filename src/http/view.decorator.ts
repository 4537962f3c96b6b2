import { HttpCode, SetMetadata, applyDecorators } from '@nestjs/common';
import { NotCached } from './not-cached.decorator.js';
import { ApiOperation } from './openapi.decorators.js';

/** What a view is called and how it answers. */
export interface HttpViewInfo {
  /** The view's name in words, for OPTIONS (contract §2) and OpenAPI. */
  readonly name: string;
  readonly description: string;
  /** The status of a success; 200 where none is given. */
  readonly status?: 200 | 204;
  /** A name for the view's JSON that `Accept` may give in place of `application/json`. */
  readonly mediaType?: string;
  /** What the view does with the refresh token that cookie mode keeps in a cookie; most views do nothing. */
  readonly refreshCookie?: 'gives' | 'takes' | 'ends';
}

/** Key of the metadata that marks a handler as a view of the wire contract. */
export const HTTP_VIEW = 'nest-simplejwt:http-view';

/**
 * Marks a handler whose path follows the HTTP rules of contract §2: content negotiation, `Allow`, 405 and OPTIONS.
 * `configureApp` applies the rules. No cache may store the answers, except where the handler sets another `Cache-Control`.
 */
export function HttpView(info: HttpViewInfo): MethodDecorator {
  return applyDecorators(
    SetMetadata(HTTP_VIEW, info),
    HttpCode(info.status ?? 200),
    NotCached(),
    ApiOperation({ summary: info.name, description: info.description }),
  );
}
