import { applyDecorators, type Type } from '@nestjs/common';
import {
  ApiBadRequestResponse,
  ApiConsumes,
  ApiOkResponse,
  ApiServiceUnavailableResponse,
  ApiUnauthorizedResponse,
} from '../http/openapi.decorators.js';
import { ErrorResponse } from '../http/error-response.js';
import { HttpView, type HttpViewInfo } from '../http/view.decorator.js';
import { Public } from '../guards/public.decorator.js';

/** The token views: names of the methods of `TokenController`. */
export type TokenViewName =
  'obtainPair' | 'refresh' | 'verify' | 'blacklist' | 'obtainSliding' | 'refreshSliding';

/**
 * Paths of the token views, case-sensitive. A path that ends in a slash is served without the slash as well.
 *
 * @publicApi
 */
export type TokenPaths = { readonly [V in TokenViewName]: readonly string[] };

/** The paths of contract §1. */
export const DEFAULT_TOKEN_PATHS: TokenPaths = {
  obtainPair: ['/login/simpleJWT', '/api/token/'],
  refresh: ['/login/simpleJWT/refresh', '/api/token/refresh/'],
  verify: ['/login/simpleJWT/verify', '/api/token/verify/'],
  blacklist: ['/login/simpleJWT/blacklist', '/api/token/blacklist/'],
  obtainSliding: ['/login/simpleJWT/sliding'],
  refreshSliding: ['/login/simpleJWT/sliding/refresh'],
};

export const TOKEN_VIEWS = Object.keys(DEFAULT_TOKEN_PATHS) as readonly TokenViewName[];

/** What a token view is called, does and answers. */
export interface TokenViewInfo extends HttpViewInfo {
  readonly response: Type;
  /** When the view answers 401. */
  readonly refuses: string;
}

/** What all token views have in common: they are public, read JSON and forms, and refuse in the same ways. */
export function TokenView(info: TokenViewInfo): MethodDecorator {
  return applyDecorators(
    HttpView(info),
    Public(),
    ApiConsumes('application/json', 'application/x-www-form-urlencoded', 'multipart/form-data'),
    ApiOkResponse({ type: info.response }),
    ApiBadRequestResponse({
      description: 'Malformed body, or a list of messages for each wrong field.',
    }),
    ApiUnauthorizedResponse({ description: info.refuses, type: ErrorResponse }),
    ApiServiceUnavailableResponse({
      description: 'Try again after `Retry-After` seconds.',
      type: ErrorResponse,
    }),
  );
}
