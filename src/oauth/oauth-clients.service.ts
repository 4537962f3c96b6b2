import { randomBytes, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { readClient } from '../config/setting-forms.js';
import { AuthSettings } from '../config/auth-settings.js';
import type { ClientCredentials } from './client-credentials.js';
import { clientSecretDigest } from './client-secret.js';
import { OAuthError } from './oauth-error.js';

/** The services that `OAUTH_CLIENTS` names. Where it names none, every client is refused as unknown. */
@Injectable()
export class OAuthClients {
  /** Digests by id: while a secret is replaced, a client has two. */
  private readonly digests = new Map<string, Buffer[]>();
  /** The digest of no secret: an unknown client is compared with it, so that the answer takes as long as for a known one. */
  private readonly unknown = [randomBytes(32)];

  constructor({ oauthClients }: AuthSettings) {
    for (const { id, digest } of oauthClients.map(readClient)) {
      this.digests.set(id, [...(this.digests.get(id) ?? []), digest]);
    }
  }

  /**
   * The id of the client, where the secret is one of the client's.
   *
   * @throws OAuthError `invalid_client`
   */
  authenticate({ id, secret }: ClientCredentials): string {
    const given = clientSecretDigest(secret);
    const fitting = (this.digests.get(id) ?? this.unknown).filter((digest) =>
      timingSafeEqual(given, digest),
    );
    if (fitting.length > 0) return id;
    const reason = this.digests.size === 0 ? 'no_oauth_clients' : 'invalid_client';
    throw new OAuthError('invalid_client', 'Unknown client or wrong secret.', reason);
  }
}
