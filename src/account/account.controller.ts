import { Controller, Get, Header, UseFilters, UseGuards } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
  ApiUnauthorizedResponse,
} from '@nestjs/swagger';
import { AuthErrorFilter } from '../auth/auth-error.filter.js';
import type { AuthenticatedUser } from '../auth/authenticated-user.js';
import { AuthenticationGuard } from '../auth/authentication.guard.js';
import { ErrorResponse } from '../auth/dto/token-responses.dto.js';
import { HttpView } from '../auth/http-view.decorator.js';
import { CurrentUser } from '../auth/request.decorators.js';
import { ProfileResponse, profileOf } from './dto/profile-response.dto.js';

/**
 * What the signed-in user sees of the own account.
 *
 * @publicApi
 */
@ApiTags('account')
@ApiBearerAuth()
@Controller('users/me')
@UseFilters(AuthErrorFilter)
@UseGuards(AuthenticationGuard)
export class AccountController {
  @Get()
  @HttpView({ name: 'Me', description: 'The signed-in user.' })
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Me', description: 'The signed-in user.' })
  @ApiOkResponse({ type: ProfileResponse })
  @ApiUnauthorizedResponse({ description: 'No or wrong credentials.', type: ErrorResponse })
  me(@CurrentUser() user: AuthenticatedUser): ProfileResponse {
    return profileOf(user);
  }
}
