import { Controller, Post, UseFilters, UseGuards } from '@nestjs/common';
import { ApiTags, ApiTooManyRequestsResponse } from '../http/openapi.decorators.js';
import type { RequestContext } from '../common/request-context.js';
import { AuthErrorFilter } from '../http/auth-error.filter.js';
import { TokenObtainPairDto } from '../login/dto/token-obtain-pair.dto.js';
import {
  TokenRefreshDto,
  TokenBlacklistDto,
  TokenVerifyDto,
  TokenRefreshSlidingDto,
} from './dto/token-requests.dto.js';
import {
  EmptyResponse,
  SlidingTokenResponse,
  TokenPairResponse,
  TokenRefreshResponse,
} from './dto/token-responses.dto.js';
import { Fields } from '../http/fields.decorator.js';
import { LocalAuthGuard } from '../guards/local-auth.guard.js';
import type { LoggedInUser } from '../login/logged-in-user.js';
import { CurrentUser, FromClient } from '../guards/request.decorators.js';
import { DEFAULT_TOKEN_PATHS, TokenView } from './token-view.js';
import { TokenViewsService } from './token-views.service.js';

/**
 * SimpleJWT's token views (contract §1): TokenObtainPairView, TokenRefreshView, TokenVerifyView, TokenBlacklistView and
 * the two sliding ones. Extend it and override a method to act before or after.
 *
 * @publicApi
 */
@ApiTags('tokens')
@Controller()
@UseFilters(AuthErrorFilter)
export class TokenController {
  constructor(protected readonly views: TokenViewsService) {}

  @Post([...DEFAULT_TOKEN_PATHS.obtainPair])
  @TokenView({
    name: 'Token Obtain Pair',
    description: 'Takes a user name and a password, gives a refresh and an access token.',
    response: TokenPairResponse,
    refreshCookie: 'gives',
    refuses: 'No active account has these credentials.',
  })
  @ApiTooManyRequestsResponse({ description: 'Too many failed log-ins.' })
  @UseGuards(LocalAuthGuard)
  obtainPair(
    @Fields() _credentials: TokenObtainPairDto,
    @CurrentUser() user: LoggedInUser,
    @FromClient() context: RequestContext,
  ): Promise<TokenPairResponse> {
    return this.views.obtainPair(user, context);
  }

  @Post([...DEFAULT_TOKEN_PATHS.refresh])
  @TokenView({
    name: 'Token Refresh',
    description:
      'Takes a refresh token, gives a new access token and, with rotation, a new refresh token.',
    response: TokenRefreshResponse,
    refreshCookie: 'takes',
    refuses: 'The token is not valid, spent or blacklisted, or its user may not log in any more.',
  })
  @ApiTooManyRequestsResponse({ description: 'Too many refreshes, with `REFRESH_LIMIT`.' })
  refresh(
    @Fields() body: TokenRefreshDto,
    @FromClient() context: RequestContext,
  ): Promise<TokenRefreshResponse> {
    return this.views.refresh(body.refresh, context);
  }

  @Post([...DEFAULT_TOKEN_PATHS.verify])
  @TokenView({
    name: 'Token Verify',
    description: 'Takes a token of any type and tells whether it is valid.',
    response: EmptyResponse,
    refuses: 'The token is not valid.',
  })
  verify(@Fields() body: TokenVerifyDto): Promise<EmptyResponse> {
    return this.views.verify(body.token);
  }

  @Post([...DEFAULT_TOKEN_PATHS.blacklist])
  @TokenView({
    name: 'Token Blacklist',
    description: 'Takes a refresh token and ends it: log-out.',
    response: EmptyResponse,
    refreshCookie: 'ends',
    refuses: 'The token is not valid or has been blacklisted before.',
  })
  blacklist(
    @Fields() body: TokenBlacklistDto,
    @FromClient() context: RequestContext,
  ): Promise<EmptyResponse> {
    return this.views.blacklist(body.refresh, context);
  }

  @Post([...DEFAULT_TOKEN_PATHS.obtainSliding])
  @TokenView({
    name: 'Token Obtain Sliding',
    description: 'Takes a user name and a password, gives a sliding token.',
    response: SlidingTokenResponse,
    refuses: 'No active account has these credentials.',
  })
  @ApiTooManyRequestsResponse({ description: 'Too many failed log-ins.' })
  @UseGuards(LocalAuthGuard)
  obtainSliding(
    @Fields() _credentials: TokenObtainPairDto,
    @CurrentUser() user: LoggedInUser,
    @FromClient() context: RequestContext,
  ): Promise<SlidingTokenResponse> {
    return this.views.obtainSliding(user, context);
  }

  @Post([...DEFAULT_TOKEN_PATHS.refreshSliding])
  @TokenView({
    name: 'Token Refresh Sliding',
    description: 'Takes a sliding token that has not expired, gives one that lasts longer.',
    response: SlidingTokenResponse,
    refuses:
      'The token is not valid, its refresh period is over, or its user may not log in any more.',
  })
  @ApiTooManyRequestsResponse({ description: 'Too many refreshes, with `REFRESH_LIMIT`.' })
  refreshSliding(
    @Fields() body: TokenRefreshSlidingDto,
    @FromClient() context: RequestContext,
  ): Promise<SlidingTokenResponse> {
    return this.views.refreshSliding(body.token, context);
  }
}
