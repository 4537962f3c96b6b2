import { clientSecretDigest, newClientSecret } from '../../src/oauth/client-secret.js';
import { TestClient, type Answer } from './client.js';

/** What an introspection answers. */
export interface Introspection extends Record<string, unknown> {
  readonly active: boolean;
}

const ID = 'billing';
const SECRET = newClientSecret();

/** Value of `OAUTH_CLIENTS` for the service below. */
export const OAUTH_CLIENTS = `${ID}:sha256-${clientSecretDigest(SECRET).toString('base64')}`;

/** A service that asks about the tokens that it is shown. */
export class OAuthService {
  private readonly client: TestClient;

  constructor(url: string) {
    this.client = new TestClient(url);
  }

  introspect(token: string): Promise<Answer<Introspection>> {
    return this.call('/oauth/introspect', { token });
  }

  revoke(token: string, hint?: string): Promise<Answer> {
    return this.call(
      '/oauth/revoke',
      hint === undefined ? { token } : { token, token_type_hint: hint },
    );
  }

  private call<Body>(path: string, fields: Record<string, string>): Promise<Answer<Body>> {
    return this.client.post(path, new URLSearchParams(fields).toString(), {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Basic ${Buffer.from(`${ID}:${SECRET}`).toString('base64')}`,
    });
  }
}
