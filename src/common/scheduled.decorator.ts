import { SetMetadata, applyDecorators } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';

/** Key of the metadata that marks a task of this package. */
export const SCHEDULED = 'nest-simplejwt:scheduled';

/** When a task runs. */
export interface ScheduledTask {
  /** In cron's form, in UTC; with six fields the first one is the second. */
  readonly cronTime: string;
  readonly name: string;
}

/**
 * A method without parameters that runs again and again: by the host's `ScheduleModule`, where its registry lists it, or
 * by itself in a host that has none.
 */
export function Scheduled(cronTime: string, name: string): MethodDecorator {
  const task: ScheduledTask = { cronTime, name };
  return applyDecorators(Cron(cronTime, { name, timeZone: 'UTC' }), SetMetadata(SCHEDULED, task));
}
