import { Controller, Get, UseFilters } from '@nestjs/common';
import {
  ApiOkResponse,
  ApiOperation,
  ApiServiceUnavailableResponse,
  ApiTags,
} from '../http/openapi.decorators.js';
import { AuthErrorFilter } from '../http/auth-error.filter.js';
import { NotCached } from '../http/not-cached.decorator.js';
import { Public } from '../guards/public.decorator.js';
import { HealthResponse } from './dto/health-response.dto.js';
import { ReadinessService } from './readiness.service.js';

/** Probes for orchestrators and load balancers. */
@ApiTags('health')
@Controller('health')
@Public()
@UseFilters(AuthErrorFilter)
export class HealthController {
  constructor(private readonly readiness: ReadinessService) {}

  @Get('live')
  @NotCached()
  @ApiOperation({ summary: 'Live', description: 'The process answers. Looks at nothing else.' })
  @ApiOkResponse({ type: HealthResponse })
  live(): HealthResponse {
    return { status: 'ok' };
  }

  @Get('ready')
  @NotCached()
  @ApiOperation({
    summary: 'Ready',
    description: 'The database answers and its schema is up to date.',
  })
  @ApiOkResponse({ type: HealthResponse })
  @ApiServiceUnavailableResponse({ description: 'Send no requests here for now.' })
  async ready(): Promise<HealthResponse> {
    await this.readiness.check();
    return { status: 'ok' };
  }
}
