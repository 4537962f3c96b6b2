import { Module } from '@nestjs/common';
import { AuthenticationModule } from '../auth/authentication.module.js';
import { HealthController } from './health.controller.js';
import { ReadinessService } from './readiness.service.js';

/**
 * `/health/live` and `/health/ready`.
 *
 * @publicApi
 */
@Module({
  imports: [AuthenticationModule],
  controllers: [HealthController],
  providers: [ReadinessService],
})
export class HealthModule {}
