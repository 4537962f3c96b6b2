import {
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  Param,
  Query,
  Res,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiNoContentResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiQuery,
  ApiTags,
  ApiUnauthorizedResponse,
} from '../http/openapi.decorators.js';
import { AuthErrorFilter } from '../http/auth-error.filter.js';
import type { AuthenticatedUser } from '../users/authenticated-user.js';
import { AuthenticationGuard } from '../guards/authentication.guard.js';
import { ErrorResponse } from '../token-views/dto/token-responses.dto.js';
import { HttpView } from '../http/view.decorator.js';
import { CurrentToken, CurrentUser, FromClient } from '../guards/request.decorators.js';
import {
  PAGE_HEADERS,
  PageQuery,
  describePage,
  type HeaderTarget,
} from '../session-views/session-page-headers.js';
import type { RequestContext } from '../common/request-context.js';
import { pageRequest } from '../ledger/session-page.js';
import type { Claims } from '../tokens/domain/compact.js';
import { AccountService } from './account.service.js';
import { SessionResponse } from '../session-views/dto/session-response.dto.js';

/**
 * The sessions of the signed-in user: where the account is logged in, and how to log it out there.
 *
 * @publicApi
 */
@ApiTags('account')
@ApiBearerAuth()
@ApiUnauthorizedResponse({ description: 'No or wrong credentials.', type: ErrorResponse })
@Controller('sessions')
@UseFilters(AuthErrorFilter)
@UseGuards(AuthenticationGuard)
export class SessionsController {
  constructor(protected readonly account: AccountService) {}

  @Get()
  @HttpView({ name: 'Session List', description: 'The live sessions of the signed-in user.' })
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Session List', description: 'Live sessions, the newest first.' })
  @PageQuery()
  @ApiOkResponse({ type: [SessionResponse], headers: PAGE_HEADERS })
  async list(
    @CurrentUser() user: AuthenticatedUser,
    @CurrentToken() token: Claims | undefined,
    @Query() query: Record<string, unknown>,
    @Res({ passthrough: true }) response: HeaderTarget,
  ): Promise<readonly SessionResponse[]> {
    const request = pageRequest(query);
    const page = await this.account.listSessions(user, token, request);
    describePage(response, request, page);
    return page.sessions;
  }

  @Delete(':id')
  @HttpView({ name: 'Session', description: 'One session of the signed-in user.' })
  @HttpCode(204)
  @ApiOperation({
    summary: 'End Session',
    description: 'Ends one session, on every server at once.',
  })
  @ApiNoContentResponse({ description: 'It has ended.' })
  @ApiNotFoundResponse({ description: 'The user has no such session.', type: ErrorResponse })
  end(
    @CurrentUser() user: AuthenticatedUser,
    @Param('id') id: string,
    @FromClient() context: RequestContext,
  ): Promise<void> {
    return this.account.endSession(user, id, context);
  }

  @Delete()
  @HttpView({ name: 'Session List', description: 'The live sessions of the signed-in user.' })
  @HttpCode(204)
  @ApiOperation({
    summary: 'End Sessions',
    description:
      'Ends all other sessions; this one too with `LEDGER=django`, whose access tokens name no session.',
  })
  @ApiQuery({ name: 'all', enum: ['true'], required: false, description: 'Ends this one too.' })
  @ApiNoContentResponse({ description: 'They have ended.' })
  endOthers(
    @CurrentUser() user: AuthenticatedUser,
    @CurrentToken() token: Claims | undefined,
    @FromClient() context: RequestContext,
    @Query('all') all?: string,
  ): Promise<void> {
    return this.account.endSessions(user, all === 'true' ? undefined : token, context);
  }
}
