import { DjangoTables1700000000000 } from './migrations/1700000000000-django-tables.js';
import { Sessions1700000000001 } from './migrations/1700000000001-sessions.js';
import { ChangeFeed1700000000002 } from './migrations/1700000000002-change-feed.js';
import { Attempts1700000000003 } from './migrations/1700000000003-attempts.js';
import { AdoptedSessions1700000000004 } from './migrations/1700000000004-adopted-sessions.js';
import { SigningKeys1700000000005 } from './migrations/1700000000005-signing-keys.js';
import { DeletedUsers1700000000006 } from './migrations/1700000000006-deleted-users.js';
import { LateRecoveries1700000000010 } from './migrations/1700000000010-late-recoveries.js';
import { KnownClients1700000000020 } from './migrations/1700000000020-known-clients.js';
import { GuardedFunctions1700000000030 } from './migrations/1700000000030-guarded-functions.js';
import { SessionStarts1700000000040 } from './migrations/1700000000040-session-starts.js';
import { RingAlgorithms1700000000050 } from './migrations/1700000000050-ring-algorithms.js';

/**
 * Every migration, in order. An explicit list: a folder pattern would depend on where the package is installed.
 *
 * @publicApi
 */
export const AUTH_MIGRATIONS = [
  DjangoTables1700000000000,
  Sessions1700000000001,
  ChangeFeed1700000000002,
  Attempts1700000000003,
  AdoptedSessions1700000000004,
  SigningKeys1700000000005,
  DeletedUsers1700000000006,
  LateRecoveries1700000000010,
  KnownClients1700000000020,
  GuardedFunctions1700000000030,
  SessionStarts1700000000040,
  RingAlgorithms1700000000050,
];
