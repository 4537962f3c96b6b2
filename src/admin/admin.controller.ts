import {
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  Param,
  Post,
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
  ApiTags,
  ApiUnauthorizedResponse,
} from '../common/openapi.decorators.js';
import { SessionResponse } from '../auth/dto/session-response.dto.js';
import { AuthErrorFilter } from '../auth/auth-error.filter.js';
import { AuthenticationGuard } from '../auth/authentication.guard.js';
import { ErrorResponse } from '../auth/dto/token-responses.dto.js';
import { HttpView } from '../auth/http-view.decorator.js';
import { AdminService } from './admin.service.js';
import { StaffGuard } from './staff.guard.js';

/**
 * What staff (`is_staff`) can do with the accounts of others.
 *
 * @publicApi
 */
@ApiTags('admin')
@ApiBearerAuth()
@ApiUnauthorizedResponse({ description: 'No or wrong credentials.', type: ErrorResponse })
@ApiForbiddenResponse({ description: 'Not staff.', type: ErrorResponse })
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
  @ApiOkResponse({ type: [SessionResponse] })
  listSessions(@Param('id') id: string): Promise<SessionResponse[]> {
    return this.admin.listSessions(id);
  }

  @Delete('sessions')
  @HttpView({ name: 'User Sessions', description: 'The live sessions of a user.' })
  @HttpCode(204)
  @ApiOperation({ summary: 'End User Sessions', description: 'Ends all sessions of a user.' })
  @ApiNoContentResponse({ description: 'They have ended.' })
  endSessions(@Param('id') id: string): Promise<void> {
    return this.admin.endSessions(id);
  }

  @Post('deactivate')
  @HttpView({ name: 'Deactivate User', description: 'Refuses the user everywhere; sessions rest.' })
  @HttpCode(204)
  @ApiOperation({
    summary: 'Deactivate User',
    description: 'Refuses the user everywhere. Sessions rest and live again on activation.',
  })
  @ApiNoContentResponse({ description: 'The user is deactivated.' })
  deactivate(@Param('id') id: string): Promise<void> {
    return this.admin.setActive(id, false);
  }

  @Post('activate')
  @HttpView({ name: 'Activate User', description: 'Lets the user in again.' })
  @HttpCode(204)
  @ApiOperation({ summary: 'Activate User', description: 'Lets the user in again.' })
  @ApiNoContentResponse({ description: 'The user is active.' })
  activate(@Param('id') id: string): Promise<void> {
    return this.admin.setActive(id, true);
  }
}
