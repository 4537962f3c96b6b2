import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { isRepeated, headerOf } from '../authentication/headers.js';
import type { CredentialSource } from '../transports/credential-source.js';
import { readCredentials } from './client-credentials.js';
import { OAuthClients } from './oauth-clients.service.js';
import { OAuthError } from './oauth-error.js';
import { readParameters } from './oauth-parameters.js';

/** Lets the services of `OAUTH_CLIENTS` pass, and leaves the parameters of the request in `request.body`. */
@Injectable()
export class OAuthClientGuard implements CanActivate {
  constructor(private readonly clients: OAuthClients) {}

  /** @throws OAuthError `invalid_client` or `invalid_request` */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<CredentialSource & { body: unknown }>();
    if (isRepeated(request, 'authorization')) {
      throw new OAuthError('invalid_request', 'The header authorization is given more than once.');
    }
    const parameters = await readParameters(request.body);
    const credentials = readCredentials(headerOf(request, 'authorization'), parameters);
    // The id is set for both ways in which a client can authenticate.
    request.body = { ...parameters, client_id: this.clients.authenticate(credentials) };
    return true;
  }
}
