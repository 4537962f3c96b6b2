import { TokenRefreshDto } from './token-refresh.dto.js';

/**
 * A refresh token to end.
 *
 * @publicApi
 */
export class TokenBlacklistDto extends TokenRefreshDto {}
