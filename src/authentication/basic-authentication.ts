import { Injectable } from '@nestjs/common';
import { Authentication, authenticatedUser, type Authenticated } from './authentication.js';
import { authenticationFailed, headerOf, readBasic } from './headers.js';
import type { CredentialSource } from '../transports/credential-source.js';
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
  override readonly name = 'BasicAuthentication';
  override readonly strategyName = 'basic';
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
    if (typeof basic === 'string')
      throw authenticationFailed(`Invalid basic header. ${PROBLEMS[basic]}`, 'basic');
    const context = this.contexts.transform(request);
    const user = await this.login.findUser(basic.username, basic.password ?? '', context);
    if (user === null) throw authenticationFailed('Invalid username/password.', 'basic');
    return { user: authenticatedUser(user) };
  }
}
