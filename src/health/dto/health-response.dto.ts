import { ApiProperty } from '@nestjs/swagger';

/** Answer of a probe that is content. */
export class HealthResponse {
  @ApiProperty({ enum: ['ok'] })
  status: 'ok';
}
