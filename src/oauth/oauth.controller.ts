import { Body, Controller, Post, UseFilters, UseGuards } from '@nestjs/common';
import {
  ApiBadRequestResponse,
  ApiBasicAuth,
  ApiBody,
  ApiConsumes,
  ApiOkResponse,
  ApiTags,
  ApiUnauthorizedResponse,
} from '../http/openapi.decorators.js';
import { AuthErrorFilter } from '../http/auth-error.filter.js';
import { EmptyResponse } from '../token-views/dto/token-responses.dto.js';
import { HttpView } from '../http/view.decorator.js';
import { Public } from '../guards/public.decorator.js';
import { FromClient } from '../guards/request.decorators.js';
import type { RequestContext } from '../common/request-context.js';
import { IntrospectionResponse } from './dto/introspection-response.dto.js';
import { OAuthErrorResponse } from './dto/oauth-error-response.dto.js';
import { TokenRequest } from './dto/token-request.dto.js';
import { IntrospectionService } from './introspection.service.js';
import { OAuthClientGuard } from './oauth-client.guard.js';
import { RevocationService } from './revocation.service.js';
import { TokenParameterPipe } from './token-parameter.pipe.js';

/**
 * For other services: ends tokens (RFC 7009) and tells whether they are good (RFC 7662). Only the clients of
 * `OAUTH_CLIENTS` may ask, about any token: they are the operator's own services.
 *
 * @publicApi
 */
@ApiTags('oauth')
@ApiBasicAuth('oauth-client')
@ApiConsumes('application/x-www-form-urlencoded', 'application/json')
@ApiBadRequestResponse({ description: 'The request is malformed.', type: OAuthErrorResponse })
@ApiUnauthorizedResponse({ description: 'No or wrong client.', type: OAuthErrorResponse })
@Controller('oauth')
@UseFilters(AuthErrorFilter)
@UseGuards(OAuthClientGuard)
export class OAuthController {
  constructor(
    protected readonly revocation: RevocationService,
    protected readonly introspection: IntrospectionService,
  ) {}

  @Post('revoke')
  @Public()
  @HttpView({
    name: 'Token Revocation',
    description:
      'Ends the session of a refresh, sliding or access token. A token that is no good any more is no error.',
  })
  @ApiBody({ type: TokenRequest })
  @ApiOkResponse({ description: 'The token has ended.', type: EmptyResponse })
  async revoke(
    @Body(TokenParameterPipe) token: string,
    @Body('client_id') client: string,
    @FromClient() context: RequestContext,
  ): Promise<EmptyResponse> {
    await this.revocation.revoke(token, { actor: `client:${client}`, address: context.ip });
    return {};
  }

  @Post('introspect')
  @Public()
  @HttpView({
    name: 'Token Introspection',
    description: 'Tells whether a token would be accepted now, and what is in it.',
  })
  @ApiBody({ type: TokenRequest })
  @ApiOkResponse({ type: IntrospectionResponse })
  introspect(@Body(TokenParameterPipe) token: string): Promise<IntrospectionResponse> {
    return this.introspection.introspect(token);
  }
}
