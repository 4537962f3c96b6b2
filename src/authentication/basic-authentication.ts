import { Injectable } from '@nestjs/common';
import { Authentication, authenticatedUser, type Authenticated } from './authentication.js';
import { authenticationFailed, credentialsOf } from './headers.js';
import type { CredentialSource } from '../transports/credential-source.js';
import { LoginService } from '../login/login.service.js';
import { RequestContextPipe } from '../http/request-context.pipe.js';

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
    const encoded = credentialsOf(request, 'basic', 'Credentials');
    if (encoded === null) return null;
    const [username, password] = readCredentials(encoded);
    const context = this.contexts.transform(request);
    const user = await this.login.findUser(username, password, context);
    if (user === null) throw authenticationFailed('Invalid username/password.', 'basic');
    return { user: authenticatedUser(user) };
  }
}

/** Decodes as Python's `b64decode` does: characters outside the alphabet are skipped, wrong padding is an error. */
function readCredentials(encoded: string): [username: string, password: string] {
  const clean = encoded.replaceAll(/[^A-Za-z0-9+/=]/g, '');
  const data = withoutPadding(clean);
  const padding = clean.length - data.length;
  const isDecodable = data.length % 4 !== 1 && padding >= (4 - (data.length % 4)) % 4;
  if (!isDecodable) {
    throw authenticationFailed(
      'Invalid basic header. Credentials not correctly base64 encoded.',
      'basic',
    );
  }
  const bytes = Buffer.from(data, 'base64');
  const text = decodeUtf8(bytes) ?? bytes.toString('latin1');
  const colon = text.indexOf(':');
  return colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
}

/** Not a regular expression: /=+$/ takes quadratic time on a header full of signs before a letter. */
function withoutPadding(encoded: string): string {
  let end = encoded.length;
  while (end > 0 && encoded[end - 1] === '=') end -= 1;
  return encoded.slice(0, end);
}

function decodeUtf8(bytes: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
