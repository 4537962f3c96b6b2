import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { AuthError } from '../common/errors.js';
import { AuthToken } from './auth-token.entity.js';
import { Authentication, type Authenticated } from './authentication.js';
import { headerOf, wordsOf } from './headers.js';
import type { CredentialSource } from '../transports/credential-source.js';
import { authenticatedUser } from './jwt-authentication.js';

/** DRF's `TokenAuthentication`: a key that lasts until it is deleted (contract §11). */
@Injectable()
export class TokenAuthentication extends Authentication {
  override readonly challenge = 'Token';

  constructor(@InjectRepository(AuthToken) private readonly keys: Repository<AuthToken>) {
    super();
  }

  override async authenticate(request: CredentialSource): Promise<Authenticated | null> {
    const words = wordsOf(headerOf(request, 'authorization'));
    if (words[0]?.toLowerCase() !== 'token') return null;
    if (words.length === 1) throw refused('Invalid token header. No credentials provided.');
    if (words.length > 2) {
      throw refused('Invalid token header. Token string should not contain spaces.');
    }
    const row = await this.keys.findOne({ where: { key: words[1] }, relations: { user: true } });
    if (row === null) throw refused('Invalid token.');
    if (!row.user.isActive) throw refused('User inactive or deleted.');
    return { user: authenticatedUser(row.user) };
  }
}

function refused(detail: string): AuthError {
  return new AuthError('authentication_failed', { detail, reason: 'token' });
}
