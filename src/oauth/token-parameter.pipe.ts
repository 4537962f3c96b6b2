import { Injectable, type PipeTransform } from '@nestjs/common';
import { OAuthError } from './oauth-error.js';
import type { OAuthParameters } from './oauth-parameters.js';

/**
 * The token that a request is about. `token_type_hint` is not needed (RFC 7009 §2.1): the claims of a token tell its type.
 */
@Injectable()
export class TokenParameterPipe implements PipeTransform<OAuthParameters, string> {
  /** @throws OAuthError `invalid_request` */
  transform({ token }: OAuthParameters): string {
    if (token === undefined) throw new OAuthError('invalid_request', 'The token is missing.');
    return token;
  }
}
