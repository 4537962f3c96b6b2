import {
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { DiscoveryService, MetadataScanner, ModulesContainer } from '@nestjs/core';
import { ScheduleModule } from '@nestjs/schedule';
import { CronJob } from 'cron';
import { SCHEDULED, type ScheduledTask } from '../common/scheduled.decorator.js';

/**
 * Runs the tasks of this package in a host without `ScheduleModule`: expired sessions must not pile up because of a
 * module that the host has no other use for. Importing it for the host would also start `@Cron` methods of the host's.
 */
@Injectable()
export class OwnSchedule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  /** By name; empty where Nest's scheduler runs the tasks. */
  readonly jobs = new Map<string, CronJob>();
  private readonly scanner = new MetadataScanner();

  constructor(
    private readonly modules: ModulesContainer,
    private readonly discovery: DiscoveryService,
  ) {}

  onApplicationBootstrap(): void {
    if ([...this.modules.values()].some(({ metatype }) => metatype === ScheduleModule)) return;
    for (const { instance } of this.discovery.getProviders()) {
      if (isObject(instance)) this.start(instance);
    }
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all([...this.jobs.values()].map(async (job) => job.stop()));
  }

  private start(provider: object): void {
    for (const name of this.scanner.getAllMethodNames(Object.getPrototypeOf(provider) as object)) {
      const method = (provider as Record<string, unknown>)[name];
      const task = isObject(method) && (Reflect.getMetadata(SCHEDULED, method) as ScheduledTask);
      if (!task || this.jobs.has(task.name)) continue;
      const job = CronJob.from({
        cronTime: task.cronTime,
        timeZone: 'UTC',
        start: true,
        // A host that has nothing else to do may end.
        unrefTimeout: true,
        waitForCompletion: true,
        onTick: () => (method as () => Promise<void>).call(provider),
      });
      this.jobs.set(task.name, job);
    }
  }
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
