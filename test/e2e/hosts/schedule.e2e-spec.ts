import { Injectable, Module, type DynamicModule } from '@nestjs/common';
import { Cron, ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { TypeOrmModule } from '@nestjs/typeorm';
import { OwnSchedule } from '../../../src/auth/own-schedule.js';
import { AuthModule } from '../../../src/index.js';
import { query } from '../../support/databases.js';
import { SIGNING_KEY, hostDatabase, hostTypeOrm, startHost, stopHosts, type Host } from './host.js';

jest.setTimeout(30_000);

const TASKS = ['flush-expired-attempts', 'flush-expired-tokens', 'rotate-keys'];

@Injectable()
class Newsletter {
  @Cron('0 0 1 1 *', { name: 'newsletter' })
  send(): void {}
}

let url: string;

async function startWith(...modules: DynamicModule[]): Promise<Host> {
  url = await hostDatabase('schedule');
  @Module({
    imports: [
      TypeOrmModule.forRoot(hostTypeOrm(url)),
      AuthModule.forRoot({ signingKey: SIGNING_KEY }),
      ...modules,
    ],
    providers: [Newsletter],
  })
  class AppModule {}
  return startHost(AppModule);
}

afterEach(stopHosts);

it("leaves the tasks to the host's ScheduleModule, where its registry lists each once", async () => {
  const { app } = await startWith(ScheduleModule.forRoot());
  expect([...app.get(SchedulerRegistry).getCronJobs().keys()].toSorted()).toEqual(
    [...TASKS, 'newsletter'].toSorted(),
  );
  expect(app.get(OwnSchedule, { strict: false }).jobs.size).toBe(0);
});

it('runs the tasks, and nothing of the host, where there is no ScheduleModule', async () => {
  const { app } = await startWith();
  const { jobs } = app.get(OwnSchedule, { strict: false });
  expect([...jobs.keys()].toSorted()).toEqual(TASKS);
  await query(
    url,
    `INSERT INTO auth_session (id, user_id, generation, is_sliding, created_at, last_used_at,
      rotated_at, expires_at, superseded_at)
    SELECT gen_random_uuid(), '1', 0, false, t, t, t, t, '{}' FROM (SELECT now() - interval '1 d') x(t)`,
  );
  await jobs.get('flush-expired-tokens')!.fireOnTick();
  expect(await query(url, 'SELECT FROM auth_session')).toEqual([]);
  await stopHosts();
  expect([...jobs.values()].map((job) => job.isActive)).toEqual([false, false, false]);
});
