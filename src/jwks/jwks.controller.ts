import { createHash } from 'node:crypto';
import { Controller, Get, Headers, Res, UseFilters } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import {
  ApiExtraModels,
  ApiHeader,
  ApiOkResponse,
  ApiResponse,
  ApiTags,
  getSchemaPath,
} from '../http/openapi.decorators.js';
import { AuthErrorFilter } from '../http/auth-error.filter.js';
import { HttpView } from '../http/view.decorator.js';
import { Public } from '../guards/public.decorator.js';
import { KeysService } from '../keys/keys.service.js';
import { JwkSetResponse } from './dto/jwk-set-response.dto.js';

/** RFC 7517 §8.5.2. */
const JWK_SET_TYPE = 'application/jwk-set+json';
/**
 * Seconds that caches may keep the set, and so the longest that others accept a key after its end. The schedule publishes
 * a next key longer than this before the key signs.
 */
const MAX_AGE = 300;

/**
 * The public keys with which others verify our tokens.
 *
 * @publicApi
 */
@ApiTags('keys')
@Controller('.well-known')
@UseFilters(AuthErrorFilter)
export class JwksController {
  constructor(
    protected readonly keys: KeysService,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  @Get('jwks.json')
  @Public()
  @HttpView({
    name: 'JWK Set',
    description:
      'The public keys that verify tokens, and those that soon will (RFC 7517). Empty where tokens are signed with a secret. Whoever verifies with them also checks `token_type`, which alone tells refresh tokens from access tokens, and `iss` and `aud`.',
    mediaType: JWK_SET_TYPE,
  })
  @ApiExtraModels(JwkSetResponse)
  @ApiHeader({ name: 'If-None-Match', description: 'The `ETag` of an answer.', required: false })
  @ApiOkResponse({
    content: { [JWK_SET_TYPE]: { schema: { $ref: getSchemaPath(JwkSetResponse) } } },
  })
  @ApiResponse({ status: 304, description: 'The set is the one that the client has.' })
  async jwks(
    @Headers('if-none-match') known: string | undefined,
    @Res() response: unknown,
  ): Promise<void> {
    const body: JwkSetResponse = { keys: await this.keys.publicKeys() };
    const tag = entityTag(body);
    const { httpAdapter } = this.adapterHost;
    httpAdapter.setHeader(response, 'Cache-Control', `public, max-age=${MAX_AGE}`);
    httpAdapter.setHeader(response, 'ETag', tag);
    if (isKnown(tag, known)) {
      httpAdapter.reply(response, undefined, 304);
      return;
    }
    httpAdapter.setHeader(response, 'Content-Type', JWK_SET_TYPE);
    httpAdapter.reply(response, body, 200);
  }
}

/** Made of the ids, which are thumbprints: the order of a key's members depends on where the key was read from. */
function entityTag({ keys }: JwkSetResponse): string {
  const text = keys.map(({ kid, alg }) => `${kid} ${alg}`).join();
  return `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
}

/** Weak comparison (RFC 9110 §13.1.2). */
function isKnown(tag: string, ifNoneMatch = ''): boolean {
  return ifNoneMatch
    .split(',')
    .map((one) => one.trim().replace(/^W\//, ''))
    .some((one) => one === tag || one === '*');
}
