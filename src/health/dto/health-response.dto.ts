import { ApiProperty } from '../../http/openapi.decorators.js';

/** Answer of a probe that is content. */
export class HealthResponse {
  @ApiProperty({ enum: ['ok'] })
  status: 'ok';
}
