import { AuthError } from '../common/errors.js';

/** Error codes of the OAuth endpoints (RFC 6749 §5.2, RFC 7009 §2.2.1). */
export type OAuthErrorCode = 'invalid_request' | 'invalid_client' | 'unsupported_token_type';

/** An error of an OAuth endpoint, with the body that OAuth prescribes in place of SimpleJWT's. */
export class OAuthError extends AuthError {
  override readonly name = 'OAuthError';

  /**
   * @param description - for the developer of the client; no quotes or backslashes (RFC 6749 §5.2)
   * @param reason - for the log only
   */
  constructor(code: OAuthErrorCode, description: string, reason: string = code) {
    super(code, {
      detail: description,
      body: { error: code, error_description: description },
      reason,
      headers: {
        'cache-control': 'no-store',
        ...(code === 'invalid_client' ? { 'www-authenticate': 'Basic realm="oauth"' } : {}),
      },
    });
  }
}
