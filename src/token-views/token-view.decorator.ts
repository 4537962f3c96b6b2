import { Header, HttpCode, applyDecorators, type Type } from '@nestjs/common';
import {
  ApiBadRequestResponse,
  ApiConsumes,
  ApiOkResponse,
  ApiOperation,
  ApiServiceUnavailableResponse,
  ApiUnauthorizedResponse,
} from '../http/openapi.decorators.js';
import { ErrorResponse } from './dto/token-responses.dto.js';
import { HttpView, type HttpViewInfo } from '../http/view.decorator.js';
import { Public } from '../guards/public.decorator.js';

/** What a token view is called, does and answers. */
export interface TokenViewInfo extends HttpViewInfo {
  readonly response: Type;
  /** When it answers 401. */
  readonly refuses: string;
}

/** What all token views have in common: 200 on success, never cached (RFC 6749 §5.1), described for OPTIONS and OpenAPI. */
export function TokenView(info: TokenViewInfo): MethodDecorator {
  return applyDecorators(
    HttpView(info),
    Public(),
    HttpCode(200),
    Header('Cache-Control', 'no-store'),
    ApiOperation({ summary: info.name, description: info.description }),
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
