import { ApiProperty, ApiPropertyOptional } from '../../http/openapi.decorators.js';

/**
 * Answer to a log-in. The members stand in this order on the wire (contract §1).
 *
 * @publicApi
 */
export class TokenPairResponse {
  @ApiProperty({ description: 'Refresh token: keep it safe, send it to the refresh view only.' })
  refresh: string;

  @ApiProperty({ description: 'Access token: send it as `Authorization: Bearer …`.' })
  access: string;
}

/**
 * Answer to a refresh.
 *
 * @publicApi
 */
export class TokenRefreshResponse {
  @ApiProperty({ description: 'New access token.' })
  access: string;

  @ApiPropertyOptional({
    description:
      'New refresh token, with `ROTATE_REFRESH_TOKENS`; it takes the place of the old one.',
  })
  refresh?: string;
}

/**
 * Answer with a sliding token.
 *
 * @publicApi
 */
export class SlidingTokenResponse {
  @ApiProperty({ description: 'Sliding token.' })
  token: string;
}

/**
 * An empty object: what verify and blacklist answer.
 *
 * @publicApi
 */
export class EmptyResponse {}
