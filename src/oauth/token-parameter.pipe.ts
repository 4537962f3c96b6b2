import { Injectable, type PipeTransform } from '@nestjs/common';
import { OAuthError } from './oauth-error.js';
import type { OAuthParameters } from './oauth-parameters.js';

/**
 * The token that a request is about. `token_type_hint` is not needed to find it (RFC 7009 §2.1): our tokens say
 * themselves what they are.
 */
@Injectable()
export class TokenParameterPipe implements PipeTransform<OAuthParameters, string> {
  /** @throws OAuthError `invalid_request` */
  transform({ token }: OAuthParameters): string {
    if (token === undefined) throw new OAuthError('invalid_request', 'The token is missing.');
    return token;
  }
}
