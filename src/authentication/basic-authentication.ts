import { Injectable } from '@nestjs/common';
import { AuthError } from '../common/errors.js';
import { Authentication, type Authenticated } from './authentication.js';
import { headerOf, readBasic } from './headers.js';
import type { CredentialSource } from '../transports/credential-source.js';
import { authenticatedUser } from './jwt-authentication.js';
import { LoginService } from '../login/login.service.js';
import { RequestContextPipe } from '../http/request-context.pipe.js';

/** DRF's words. */
const PROBLEMS = {
  empty: 'No credentials provided.',
  spaces: 'Credentials string should not contain spaces.',
  encoding: 'Credentials not correctly base64 encoded.',
} as const;

/** DRF's `BasicAuthentication`: user name and password in the header of every request (RFC 7617, contract §11). */
@Injectable()
export class BasicAuthentication extends Authentication {
  override readonly challenge = 'Basic realm="api"';

  constructor(
    private readonly login: LoginService,
    private readonly contexts: RequestContextPipe,
  ) {
    super();
  }

  override async authenticate(request: CredentialSource): Promise<Authenticated | null> {
    const basic = readBasic(headerOf(request, 'authorization'));
    if (basic === null) return null;
    if (typeof basic === 'string') throw refused(`Invalid basic header. ${PROBLEMS[basic]}`);
    const context = this.contexts.transform(request);
    const user = await this.login.findUser(basic.username, basic.password ?? '', context);
    if (user === null) throw refused('Invalid username/password.');
    return { user: authenticatedUser(user) };
  }
}

function refused(detail: string): AuthError {
  return new AuthError('authentication_failed', { detail, reason: 'basic' });
}
