import { ApiProperty, ApiPropertyOptional } from '../../http/openapi.decorators.js';
import { JWK_TYPES } from '../../keys/domain/jwk.js';

/** The public part of a key (RFC 7517 §4). */
export class JwkResponse {
  @ApiProperty({ enum: JWK_TYPES })
  kty: string;

  @ApiProperty({ description: 'RFC 7638 thumbprint.' })
  kid: string;

  @ApiProperty({ example: 'ES256' })
  alg: string;

  @ApiProperty({ enum: ['sig'] })
  use: 'sig';

  @ApiPropertyOptional({ description: 'Curve, of EC and OKP.' })
  crv?: string;

  @ApiPropertyOptional({ description: 'Of EC and OKP.' })
  x?: string;

  @ApiPropertyOptional({ description: 'Of EC.' })
  y?: string;

  @ApiPropertyOptional({ description: 'Modulus, of RSA.' })
  n?: string;

  @ApiPropertyOptional({ description: 'Exponent, of RSA.' })
  e?: string;
}

/** A JWK Set (RFC 7517 §5). */
export class JwkSetResponse {
  @ApiProperty({ type: [JwkResponse] })
  keys: readonly JwkResponse[];
}
