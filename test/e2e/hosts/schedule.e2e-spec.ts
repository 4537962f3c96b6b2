import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthModule } from '../../../src/index.js';
import { FlushExpiredTokensTask } from '../../../src/ledger/flush-expired-tokens.task.js';
import { query } from '../../support/databases.js';
import { SIGNING_KEY, hostDatabase, hostTypeOrm, startHost, stopHosts } from './host.js';

jest.setTimeout(30_000);
afterEach(stopHosts);

it('forgets expired sessions in a host, which has nothing to import for it', async () => {
  const url = await hostDatabase('schedule');
  @Module({
    imports: [
      TypeOrmModule.forRoot(hostTypeOrm(url)),
      AuthModule.forRoot({ signingKey: SIGNING_KEY }),
    ],
  })
  class AppModule {}
  const { app } = await startHost(AppModule);
  await query(
    url,
    `INSERT INTO auth_session (id, user_id, generation, is_sliding, created_at, last_used_at,
      rotated_at, expires_at, superseded_at)
    SELECT gen_random_uuid(), '1', 0, false, t, t, t, t, '{}' FROM (SELECT now() - interval '1 d') x(t)`,
  );
  await app.get(FlushExpiredTokensTask, { strict: false }).run();
  expect(await query(url, 'SELECT FROM auth_session')).toEqual([]);
});
