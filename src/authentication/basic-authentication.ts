import { Injectable } from '@nestjs/common';
import { AuthError } from '../common/errors.js';
import { Authentication, type Authenticated } from './authentication.js';
import { headerOf, wordsOf } from './headers.js';
import type { CredentialSource } from '../transports/credential-source.js';
import { authenticatedUser } from './jwt-authentication.js';
import { LoginService } from '../login/login.service.js';
import { RequestContextPipe } from '../http/request-context.pipe.js';

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
    const words = wordsOf(headerOf(request, 'authorization'));
    if (words[0]?.toLowerCase() !== 'basic') return null;
    if (words.length === 1) throw refused('Invalid basic header. No credentials provided.');
    if (words.length > 2) {
      throw refused('Invalid basic header. Credentials string should not contain spaces.');
    }
    const [username, password] = readCredentials(words[1] ?? '');
    const context = this.contexts.transform(request);
    const user = await this.login.findUser(username, password, context);
    if (user === null) throw refused('Invalid username/password.');
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
    throw refused('Invalid basic header. Credentials not correctly base64 encoded.');
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

function refused(detail: string): AuthError {
  return new AuthError('authentication_failed', { detail, reason: 'basic' });
}
