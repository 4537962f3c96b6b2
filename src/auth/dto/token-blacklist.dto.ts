import { TokenRefreshDto } from './token-refresh.dto.js';

/** A refresh token to end. */
export class TokenBlacklistDto extends TokenRefreshDto {}
