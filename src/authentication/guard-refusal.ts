import { InvalidTokenError } from '../common/errors.js';
import { ErrorResponse } from '../http/error-response.js';
import { ApiProperty, ApiPropertyOptional } from '../http/openapi.decorators.js';
import type { TokenKind } from '../tokens/domain/token-kind.js';

/** Why a token is no good as one of the kinds that a guard accepts (contract §11). */
class TokenMessage {
  @ApiProperty({ example: 'AccessToken' })
  token_class: string;

  @ApiProperty({ example: 'access' })
  token_type: string;

  @ApiProperty({ example: 'Token is expired' })
  message: string;
}

/** Body of a guard's 401: what {@link guardRefusal} makes, as the OpenAPI document describes it. */
export class GuardErrorResponse extends ErrorResponse {
  @ApiPropertyOptional({
    type: [TokenMessage],
    description: 'One for each accepted kind of token.',
  })
  messages?: TokenMessage[];
}

/**
 * A guard's 401 for a token that is no good as any of the accepted kinds (contract §11).
 *
 * @param reason - for the log
 */
export function guardRefusal(
  kinds: readonly TokenKind[],
  reason: string,
  messageOf: (kind: TokenKind) => string,
): InvalidTokenError {
  const messages: TokenMessage[] = kinds.map((kind) => ({
    token_class: kind.className,
    token_type: kind.type,
    message: messageOf(kind),
  }));
  return new InvalidTokenError('Given token not valid for any token type', {
    reason,
    members: { messages },
  });
}
