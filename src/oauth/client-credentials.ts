import { readBasic } from '../authentication/headers.js';
import { OAuthError } from './oauth-error.js';
import type { OAuthParameters } from './oauth-parameters.js';

/** The id of a client, and its secret as it was sent. */
export interface ClientCredentials {
  readonly id: string;
  readonly secret: string;
}

/**
 * Client credentials by HTTP Basic (`client_secret_basic`) or in the body (`client_secret_post`; RFC 6749 §2.3.1).
 *
 * @param authorization - the header; empty when it is absent
 * @throws OAuthError `invalid_client` when there are none, or unreadable ones
 * @throws OAuthError `invalid_request` when there are both (RFC 6749 §2.3)
 */
export function readCredentials(
  authorization: string,
  parameters: OAuthParameters,
): ClientCredentials {
  const { client_id: id, client_secret: secret } = parameters;
  if (authorization !== '') {
    const basic = readClient(authorization);
    if (basic === null) throw new OAuthError('invalid_client', 'The header is not HTTP Basic.');
    if (secret !== undefined || (id !== undefined && id !== basic.id)) {
      throw new OAuthError('invalid_request', 'The client authenticates in two ways.');
    }
    return basic;
  }
  if (id === undefined || secret === undefined) {
    throw new OAuthError('invalid_client', 'Client credentials are missing.');
  }
  return { id, secret };
}

function readClient(authorization: string): ClientCredentials | null {
  const basic = readBasic(authorization, false);
  if (basic === null || typeof basic === 'string' || basic.password === null) return null;
  const [id, secret] = [formDecoded(basic.username), formDecoded(basic.password)];
  return id === null || secret === null ? null : { id, secret };
}

/** In OAuth, unlike elsewhere, both parts are form-encoded before HTTP Basic joins them (RFC 6749 §2.3.1). */
function formDecoded(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return null;
  }
}
