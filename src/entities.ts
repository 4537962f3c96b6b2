import { AuthToken } from './auth/auth-token.entity.js';
import { DjangoSession } from './auth/django-session.entity.js';
import { BlacklistedToken } from './ledger/blacklisted-token.entity.js';
import { OutstandingToken } from './ledger/outstanding-token.entity.js';
import { Session } from './ledger/session.entity.js';
import { User } from './users/user.entity.js';

/**
 * Every entity, for the host's own `TypeOrmModule`.
 *
 * @publicApi
 */
export const AUTH_ENTITIES = [
  User,
  OutstandingToken,
  BlacklistedToken,
  Session,
  AuthToken,
  DjangoSession,
];
