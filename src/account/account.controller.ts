import { Controller, Get, Post, UseFilters, UseGuards } from '@nestjs/common';
import {
  ApiBadRequestResponse,
  ApiBearerAuth,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiTags,
  ApiTooManyRequestsResponse,
  ApiUnauthorizedResponse,
} from '../http/openapi.decorators.js';
import { AuthErrorFilter } from '../http/auth-error.filter.js';
import type { AuthenticatedUser } from '../users/authenticated-user.js';
import { AuthenticationGuard } from '../guards/authentication.guard.js';
import { ErrorResponse } from '../http/error-response.js';
import { HttpView } from '../http/view.decorator.js';
import { Fields } from '../http/fields.decorator.js';
import { CurrentToken, CurrentUser, FromClient } from '../guards/request.decorators.js';
import type { RequestContext } from '../common/request-context.js';
import type { Claims } from '../tokens/domain/compact.js';
import { AccountService } from './account.service.js';
import { ChangePasswordDto } from './dto/change-password.dto.js';
import { ProfileResponse } from './dto/profile-response.dto.js';

/**
 * The account of the signed-in user.
 *
 * @publicApi
 */
@ApiTags('account')
@ApiBearerAuth()
@Controller('users/me')
@UseFilters(AuthErrorFilter)
@UseGuards(AuthenticationGuard)
export class AccountController {
  constructor(protected readonly account: AccountService) {}

  @Get()
  @HttpView({ name: 'Me', description: 'The signed-in user.' })
  @ApiOkResponse({ type: ProfileResponse })
  @ApiUnauthorizedResponse({ description: 'No or wrong credentials.', type: ErrorResponse })
  me(@CurrentUser() user: AuthenticatedUser): Promise<ProfileResponse> {
    return this.account.profileOf(user);
  }

  @Post('password')
  @HttpView({
    name: 'Change Password',
    description:
      'Changes the password and ends all other sessions; this one goes on, except with `CHECK_REVOKE_TOKEN`, and with `LEDGER=django`, whose access tokens name no session.',
    status: 204,
  })
  @ApiNoContentResponse({ description: 'The password is changed.' })
  @ApiBadRequestResponse({ description: 'A list of messages for each wrong field.' })
  @ApiTooManyRequestsResponse({ description: 'Too many wrong passwords.' })
  changePassword(
    @Fields() passwords: ChangePasswordDto,
    @CurrentUser() user: AuthenticatedUser,
    @CurrentToken() token: Claims | undefined,
    @FromClient() context: RequestContext,
  ): Promise<void> {
    return this.account.changePassword(user, passwords, token, context);
  }
}
