import { Injectable, type ArgumentMetadata, type PipeTransform } from '@nestjs/common';
import { validateFields } from './char-field.js';
import { RawBody, parseRequestBody } from './request-body.js';

/**
 * Reads the body into the handler's DTO, with SimpleJWT's messages (contract §3, §4):
 * `@Body(FieldsPipe) dto: TokenRefreshDto`.
 *
 * @publicApi
 */
@Injectable()
export class FieldsPipe implements PipeTransform {
  /** @throws ValidationError or AuthError `parse_error`, `unsupported_media_type` */
  transform(body: unknown, { metatype }: ArgumentMetadata): Promise<unknown> {
    return metatype ? readFields(body, metatype) : Promise.resolve(body);
  }
}

/** The fields of a body that is still raw, or that the host's own parser has read. */
export async function readFields<T extends object>(body: unknown, Dto: new () => T): Promise<T> {
  return validateFields(Dto, await parsedBody(body));
}

/** The parsed body, whether we or the host parse it; no body is one without fields. */
export async function parsedBody(body: unknown): Promise<unknown> {
  const parsed = body instanceof RawBody ? await parseRequestBody(body) : body;
  return parsed === undefined ? {} : parsed;
}
