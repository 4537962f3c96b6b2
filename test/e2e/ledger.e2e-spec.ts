import { describeLedger } from '../support/ledger-contract.js';
import { startTestServer } from '../support/server.js';

jest.setTimeout(30_000);

const TABLES = [
  'auth_session',
  'token_blacklist_outstandingtoken',
  'token_blacklist_blacklistedtoken',
];

describeLedger('the session ledger', {
  start: () => startTestServer({ env: { SIMPLE_JWT_PROFILE: 'secure' } }),
  otherTables: TABLES,
  table: 'auth_session',
  insertExpired: `
      INSERT INTO auth_session (id, user_id, generation, is_sliding, created_at, last_used_at,
        rotated_at, expires_at, superseded_at)
      SELECT gen_random_uuid(), $2::text, 0, false, now() - interval '2 h', now() - interval '2 h',
        now() - interval '2 h', now() - interval '1 h', '{}'
      FROM generate_series(1, $1::integer)`,
  expireAll: `UPDATE auth_session SET expires_at = now() - interval '1 h'`,
  revokesSpent: false,
  idOf: ({ claims }) => claims['sid'],
});

describeLedger('the Django ledger', {
  start: () =>
    startTestServer({
      env: {
        SIMPLE_JWT_PROFILE: 'parity',
        SIMPLE_JWT_ROTATE_REFRESH_TOKENS: 'true',
        SIMPLE_JWT_BLACKLIST_AFTER_ROTATION: 'true',
      },
    }),
  otherTables: TABLES,
  table: 'token_blacklist_outstandingtoken',
  insertExpired: `
      INSERT INTO token_blacklist_outstandingtoken (token, created_at, expires_at, user_id, jti)
      SELECT 'a token', now() - interval '2 h', now() - interval '1 h', $2::text::integer,
        md5(random()::text || n)
      FROM generate_series(1, $1::integer) n`,
  expireAll: `UPDATE token_blacklist_outstandingtoken SET expires_at = now() - interval '1 h'`,
  revokesSpent: true,
  idOf: ({ claims }) => claims['jti'],
});
