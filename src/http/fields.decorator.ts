import 'reflect-metadata';
import { createParamDecorator, type ExecutionContext, type Type } from '@nestjs/common';
import { validateFields } from './char-field.js';
import { ApiBody } from './openapi.decorators.js';
import { RawBody, parseRequestBody } from './request-body.js';

const FieldsOf = createParamDecorator((Dto: Type<object>, context: ExecutionContext) =>
  readFields(context.switchToHttp().getRequest<{ body: unknown }>().body, Dto),
);

/**
 * Reads the body into the handler's DTO, with SimpleJWT's messages (contract §3, §4): `@Fields() dto: TokenRefreshDto`. It
 * throws a ValidationError, or an AuthError `parse_error` or `unsupported_media_type`.
 *
 * It is not `@Body()` with a pipe: Nest would run the host's global pipes first, and a `ValidationPipe` makes an empty DTO of
 * a body that is still raw.
 *
 * @publicApi
 */
export function Fields(): ParameterDecorator {
  return (target, name, index) => {
    const method = name === undefined ? undefined : Object.getOwnPropertyDescriptor(target, name);
    if (name === undefined || method === undefined) {
      throw new TypeError('@Fields() belongs to a parameter of a handler.');
    }
    const types = Reflect.getMetadata('design:paramtypes', target, name) as Type<object>[];
    const type = types[index] as Type<object>;
    FieldsOf(type)(target, name, index);
    ApiBody({ type })(target, name, method);
  };
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
