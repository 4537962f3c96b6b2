import {
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  Param,
  Post,
  Query,
  Res,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiForbiddenResponse,
  ApiNoContentResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiQuery,
  ApiTags,
  ApiUnauthorizedResponse,
} from '../http/openapi.decorators.js';
import type { AuthenticatedUser } from '../users/authenticated-user.js';
import { StaffSessionResponse } from '../session-views/dto/session-response.dto.js';
import { AuthErrorFilter } from '../http/auth-error.filter.js';
import { AuthenticationGuard } from '../guards/authentication.guard.js';
import { ErrorResponse } from '../token-views/dto/token-responses.dto.js';
import { HttpView } from '../http/view.decorator.js';
import { CurrentUser, FromClient } from '../guards/request.decorators.js';
import {
  PAGE_HEADERS,
  PageQuery,
  describePage,
  type HeaderTarget,
} from '../session-views/session-page-headers.js';
import type { RequestContext } from '../common/request-context.js';
import { pageRequest } from '../ledger/session-page.js';
import { AdminService } from './admin.service.js';
import { StaffGuard } from './staff.guard.js';

/**
 * What staff (`is_staff`) can do with the accounts of users who are not staff, and superusers with all.
 *
 * @publicApi
 */
@ApiTags('admin')
@ApiBearerAuth()
@ApiUnauthorizedResponse({ description: 'No or wrong credentials.', type: ErrorResponse })
@ApiForbiddenResponse({
  description: 'Not staff; or the user is staff, and the caller no superuser.',
  type: ErrorResponse,
})
@ApiNotFoundResponse({ description: 'No such user.', type: ErrorResponse })
@Controller('admin/users/:id')
@UseFilters(AuthErrorFilter)
@UseGuards(AuthenticationGuard, StaffGuard)
export class AdminController {
  constructor(protected readonly admin: AdminService) {}

  @Get('sessions')
  @HttpView({ name: 'User Sessions', description: 'The live sessions of a user.' })
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'User Sessions', description: 'Live sessions, the newest first.' })
  @PageQuery()
  @ApiOkResponse({ type: [StaffSessionResponse], headers: PAGE_HEADERS })
  async listSessions(
    @Param('id') id: string,
    @CurrentUser() staff: AuthenticatedUser,
    @FromClient() context: RequestContext,
    @Query() query: Record<string, unknown>,
    @Res({ passthrough: true }) response: HeaderTarget,
  ): Promise<readonly StaffSessionResponse[]> {
    const request = pageRequest(query);
    const page = await this.admin.listSessions({ staff, context }, id, request);
    describePage(response, request, page);
    return page.sessions;
  }

  @Delete('sessions')
  @HttpView({ name: 'User Sessions', description: 'The live sessions of a user.' })
  @HttpCode(204)
  @ApiOperation({ summary: 'End User Sessions', description: 'Ends all sessions of a user.' })
  @ApiNoContentResponse({ description: 'They have ended.' })
  endSessions(
    @Param('id') id: string,
    @CurrentUser() staff: AuthenticatedUser,
    @FromClient() context: RequestContext,
  ): Promise<void> {
    return this.admin.endSessions({ staff, context }, id);
  }

  @Post('deactivate')
  @HttpView({
    name: 'Deactivate User',
    description: "Refuses the user everywhere and ends the user's sessions.",
  })
  @HttpCode(204)
  @ApiOperation({
    summary: 'Deactivate User',
    description:
      "Refuses the user everywhere and ends the user's sessions. The last superuser cannot be deactivated.",
  })
  @ApiQuery({
    name: 'keep_sessions',
    enum: ['true'],
    required: false,
    description: 'Lets the sessions rest: they live again on activation.',
  })
  @ApiNoContentResponse({ description: 'The user is deactivated.' })
  deactivate(
    @Param('id') id: string,
    @CurrentUser() staff: AuthenticatedUser,
    @FromClient() context: RequestContext,
    @Query('keep_sessions') keep?: string,
  ): Promise<void> {
    return this.admin.deactivate({ staff, context }, id, keep === 'true');
  }

  @Post('activate')
  @HttpView({ name: 'Activate User', description: 'Lets the user in again.' })
  @HttpCode(204)
  @ApiOperation({ summary: 'Activate User', description: 'Lets the user in again.' })
  @ApiNoContentResponse({ description: 'The user is active.' })
  activate(
    @Param('id') id: string,
    @CurrentUser() staff: AuthenticatedUser,
    @FromClient() context: RequestContext,
  ): Promise<void> {
    return this.admin.activate({ staff, context }, id);
  }
}
