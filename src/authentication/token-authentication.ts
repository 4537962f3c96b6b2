import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { AuthToken } from './auth-token.entity.js';
import { Authentication, authenticatedUser, type Authenticated } from './authentication.js';
import { authenticationFailed, credentialsOf } from './headers.js';
import type { CredentialSource } from '../transports/credential-source.js';

/** DRF's `TokenAuthentication`: a key that lasts until it is deleted (contract §11). */
@Injectable()
export class TokenAuthentication extends Authentication {
  override readonly name = 'TokenAuthentication';
  override readonly strategyName = 'token';
  override readonly challenge = 'Token';

  constructor(@InjectRepository(AuthToken) private readonly keys: Repository<AuthToken>) {
    super();
  }

  override async authenticate(request: CredentialSource): Promise<Authenticated | null> {
    const key = credentialsOf(request, 'token', 'Token');
    if (key === null) return null;
    const row = await this.keys.findOne({ where: { key }, relations: { user: true } });
    if (row === null) throw authenticationFailed('Invalid token.', 'token');
    if (!row.user.isActive) throw authenticationFailed('User inactive or deleted.', 'token');
    return { user: authenticatedUser(row.user) };
  }
}
