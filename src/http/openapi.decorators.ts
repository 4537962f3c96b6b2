import 'reflect-metadata';
import type { Type } from '@nestjs/common';

/*
 * The decorators of @nestjs/swagger that this package uses, under their own names. They write the metadata that
 * @nestjs/swagger reads and import nothing of it, so that a host without it can import this package and a host with it
 * finds our views described. That docs/openapi.json stays as it is proves that the two agree; see decision 33.
 */

type Described = Readonly<Record<string, unknown>>;

/** A schema: what OpenAPI says of a property, with a class, or a list of one, as its type where that is needed. */
type Schema = Described & { readonly type?: Type | readonly [Type] | string };

/** An answer; with a type, or all that OpenAPI allows. */
type Answer = Described & {
  readonly description?: string;
  readonly type?: Type | readonly [Type];
};

const OPERATION = 'swagger/apiOperation';
const RESPONSE = 'swagger/apiResponse';
const PARAMETERS = 'swagger/apiParameters';
const MODEL_PROPERTY = 'swagger/apiModelProperties';
const MODEL_PROPERTIES = 'swagger/apiModelPropertiesArray';

/** A property of a body or an answer. */
export function ApiProperty(schema: Schema = {}): PropertyDecorator {
  return (target, name) => {
    const names = (Reflect.getMetadata(MODEL_PROPERTIES, target) ?? []) as string[];
    Reflect.defineMetadata(MODEL_PROPERTIES, [...names, `:${String(name)}`], target);
    const type: unknown = schema.enum ? 'string' : Reflect.getMetadata('design:type', target, name);
    Reflect.defineMetadata(MODEL_PROPERTY, { type, ...typed(schema) }, target, name);
  };
}

/** A property that may be missing. */
export function ApiPropertyOptional(schema: Schema = {}): PropertyDecorator {
  return ApiProperty({ ...schema, required: false });
}

/** The name and the description of a route. */
export function ApiOperation(operation: Described): MethodDecorator {
  return extend(OPERATION, operation);
}

/** The body of a route whose parameters do not name its type. */
export function ApiBody(body: { readonly type: Type }): MethodDecorator {
  return append(PARAMETERS, { type: String, required: true, in: 'body', ...typed(body) });
}

/** A parameter of the query string. */
export function ApiQuery(query: Described & { readonly name: string }): MethodDecorator {
  const { enum: values, ...rest } = query;
  const schema = values ? { schema: { enum: values, type: 'string' } } : {};
  return append(PARAMETERS, { required: true, ...rest, in: 'query', ...schema });
}

/** A header that a route reads. */
export function ApiHeader({
  name,
  ...header
}: Described & { readonly name: string }): MethodDecorator {
  return append(PARAMETERS, { name, in: 'header', ...header, schema: { type: 'string' } });
}

/** Classes that the document describes although only `getSchemaPath` names them. */
export function ApiExtraModels(...models: readonly Type[]): MethodDecorator {
  return append('swagger/apiExtraModels', ...models);
}

/** The section of the document for the routes of a controller. */
export function ApiTags(tag: string): ClassDecorator {
  return append('swagger/apiUseTags', tag);
}

/** Media types of the bodies that are read. */
export function ApiConsumes(...types: readonly string[]): ClassDecorator & MethodDecorator {
  return append('swagger/apiConsumes', ...types);
}

/** Routes that need credentials: HTTP Basic under this name. */
export function ApiBasicAuth(name: string): ClassDecorator {
  return append('swagger/apiSecurity', { [name]: [] });
}

/** Routes that need a token. */
export function ApiBearerAuth(): ClassDecorator {
  return append('swagger/apiSecurity', { bearer: [] });
}

/** The answer with a status. */
export function ApiResponse({
  status,
  description = '',
  ...answer
}: Answer & { readonly status: number }): ClassDecorator & MethodDecorator {
  return extend(RESPONSE, { [status]: { ...typed(answer), description } });
}

const answering = (status: number) => (answer: Answer) => ApiResponse({ ...answer, status });

export const ApiOkResponse = answering(200);
export const ApiNoContentResponse = answering(204);
export const ApiBadRequestResponse = answering(400);
export const ApiUnauthorizedResponse = answering(401);
export const ApiForbiddenResponse = answering(403);
export const ApiNotFoundResponse = answering(404);
export const ApiTooManyRequestsResponse = answering(429);
export const ApiServiceUnavailableResponse = answering(503);

/** The place in the document of a class that `ApiExtraModels` has named. */
export function getSchemaPath(model: Type): string {
  return `#/components/schemas/${model.name}`;
}

/** `[X]` says: a list of X. */
function typed(schema: Schema): Described {
  const { type, ...rest } = schema;
  if (type === undefined) return rest;
  return Array.isArray(type) ? { ...rest, type: type[0] as unknown, isArray: true } : schema;
}

/** Adds to the members that a class or method has under a key. */
function extend(key: string, members: Described): ClassDecorator & MethodDecorator {
  return change(key, (before) => ({ ...(before as Described | undefined), ...members }));
}

/** Adds to the list that a class or method has under a key. */
function append(key: string, ...items: readonly unknown[]): ClassDecorator & MethodDecorator {
  return change(key, (before) => [...((before as unknown[] | undefined) ?? []), ...items]);
}

function change(key: string, to: (before: unknown) => unknown): ClassDecorator & MethodDecorator {
  return (target: object, _name?: unknown, method?: { value?: unknown }) => {
    const where = method ? (method.value as object) : target;
    Reflect.defineMetadata(key, to(Reflect.getMetadata(key, where)), where);
  };
}
