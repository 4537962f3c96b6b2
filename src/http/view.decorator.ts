import { SetMetadata, applyDecorators } from '@nestjs/common';
import { NotCached } from './not-cached.decorator.js';

/** What OPTIONS tells of a view (contract §2). */
export interface HttpViewInfo {
  /** The view's name in words. */
  readonly name: string;
  readonly description: string;
  /** A name for its JSON that `Accept` may give in place of `application/json`. */
  readonly mediaType?: string;
  /** What it does with the refresh token that cookie mode keeps in a cookie; most views do nothing. */
  readonly refreshCookie?: 'gives' | 'takes' | 'ends';
}

/** Key of the metadata that marks a handler as a view of the wire contract. */
export const HTTP_VIEW = 'nest-simplejwt:http-view';

/**
 * Marks a handler whose path follows the HTTP rules of contract §2: content negotiation, `Allow`, 405 and OPTIONS.
 * `configureApp` applies them. No cache of Nest's keeps its answers.
 */
export function HttpView(info: HttpViewInfo): MethodDecorator {
  return applyDecorators(SetMetadata(HTTP_VIEW, info), NotCached());
}
