import { ApiProperty, ApiPropertyOptional } from './openapi.decorators.js';

/** Body of most errors. */
export class ErrorResponse {
  @ApiProperty({ example: 'Token is invalid' })
  detail: string;

  @ApiPropertyOptional({ example: 'token_not_valid' })
  code?: string;
}
