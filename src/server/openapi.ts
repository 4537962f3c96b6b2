import type { INestApplication } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import { ErrorResponse } from '../http/error-response.js';
import { collectHttpViews, type HttpViewPath } from '../http/views.js';
import { GuardErrorResponse } from '../authentication/guard-refusal.js';
import { withoutEndSlash } from '../http/view-paths.js';
import { requirePackages } from '../config/optional-packages.js';

type PathItem = OpenAPIObject['paths'][string];
type Operation = NonNullable<PathItem['post']>;
type Response = Extract<Operation['responses'][string], { description: string }>;

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

const DESCRIPTION = `Token authentication with the wire format of Django's SimpleJWT.

All bodies are UTF-8 JSON; requests to the token views may also be forms. Paths are case-sensitive, and one that ends
in a slash is served without it as well. A method that a path does not know is 405, and every answer of a path names
those it knows in \`Allow\`; OPTIONS describes the view.`;

/** The package that describes an application; optional for a host. */
type Swagger = typeof import('@nestjs/swagger');

/** @throws ConfigError where it is not installed */
export async function loadSwagger(): Promise<Swagger> {
  requirePackages('The OpenAPI document', ['@nestjs/swagger']);
  return import('@nestjs/swagger');
}

/** Serves the OpenAPI description and its page under `/docs`. */
export async function serveOpenApi(app: INestApplication): Promise<void> {
  const swagger = await loadSwagger();
  // Made when it is first asked for: it costs time and memory that most servers never need.
  swagger.SwaggerModule.setup('docs', app, () => openApiDocument(app, swagger), {
    jsonDocumentUrl: 'docs/openapi.json',
  });
}

/**
 * The OpenAPI description of an application, also of one that was created with `preview` and has no database. The
 * decorators say what is particular to a route; what contract §2 makes all views do is added here.
 */
export function openApiDocument(
  app: INestApplication,
  { DocumentBuilder, SwaggerModule }: Swagger,
): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('nest-simplejwt')
    .setDescription(DESCRIPTION)
    .setVersion('1')
    .setLicense('MIT', '')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' })
    .addBasicAuth({ type: 'http', scheme: 'basic' }, 'oauth-client')
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    extraModels: [ErrorResponse, GuardErrorResponse],
  });
  return { ...document, paths: completePaths(document.paths, collectHttpViews(app)) };
}

function completePaths(
  paths: OpenAPIObject['paths'],
  views: readonly HttpViewPath[],
): OpenAPIObject['paths'] {
  const viewAt = new Map(views.map((view) => [withoutEndSlash(view.path), view]));
  return Object.fromEntries(
    Object.entries(paths).map(([path, item]) => {
      const view = viewAt.get(withoutEndSlash(withColons(path)));
      for (const method of METHODS) {
        const operation = item[method];
        if (operation) complete(operation, view);
      }
      // Nest drops the slash at the end, which clients of SimpleJWT send.
      return [view?.path.endsWith('/') ? `${withoutEndSlash(path)}/` : path, item];
    }),
  );
}

function complete(operation: Operation, view: HttpViewPath | undefined): void {
  const { responses } = operation;
  if (operation.operationId) operation.operationId = uniqueId(operation.operationId);
  if (view) {
    if (view.guards.length > 0) responses['401'] ??= problem('No or wrong credentials.');
    responses['406'] ??= problem('`Accept` does not cover `application/json`.');
    responses['503'] ??= problem('Try again after `Retry-After` seconds.');
    if (operation.requestBody) {
      responses['400'] ??= { description: 'Malformed body, or messages for each wrong field.' };
      responses['413'] ??= problem('The body is larger than `SIMPLE_JWT_MAX_BODY_SIZE`.');
      responses['415'] ??= problem('The body is neither JSON nor a form.');
    }
  }
  operation.responses = Object.fromEntries(
    Object.entries(responses).map(([status, response]) => [
      status,
      response === undefined || '$ref' in response
        ? response
        : completeResponse(Number(status), response, view),
    ]),
  );
}

function completeResponse(
  status: number,
  response: Response,
  view: HttpViewPath | undefined,
): Response {
  const description = response.description || 'Done.';
  const headers = { ...response.headers, ...headersOf(status, view) };
  const content = status < 400 ? response.content : errorContent(status, response, view);
  return {
    description,
    ...(Object.keys(headers).length > 0 ? { headers } : {}),
    ...(content ? { content } : {}),
  };
}

function headersOf(status: number, view: HttpViewPath | undefined): Response['headers'] {
  return {
    ...(view && status < 400
      ? { Allow: { ...text('Methods that the path knows.'), example: view.allow } }
      : {}),
    ...(status === 401 ? { 'WWW-Authenticate': text('The challenge.') } : {}),
    ...(status === 429 || status === 503
      ? { 'Retry-After': text('Seconds until it makes sense to try again.') }
      : {}),
  };
}

function errorContent(
  status: number,
  response: Response,
  view: HttpViewPath | undefined,
): Response['content'] {
  const isGuards = status === 401 && (view?.guards.length ?? 0) > 0;
  if (response.content && !(isGuards && isUsualError(response.content))) return response.content;
  const schema = {
    $ref: `#/components/schemas/${isGuards ? 'GuardErrorResponse' : 'ErrorResponse'}`,
  };
  if (status !== 400) return { 'application/json': { schema } };
  const messages = {
    type: 'object' as const,
    description: 'Field, or `non_field_errors` → messages.',
    additionalProperties: { type: 'array' as const, items: { type: 'string' as const } },
    example: { username: ['This field is required.'] },
  };
  return { 'application/json': { schema: { oneOf: [messages, schema] } } };
}

/** Whether a controller has said no more of an error than that it has the usual body. */
function isUsualError(content: NonNullable<Response['content']>): boolean {
  const schema = content['application/json']?.schema;
  return schema !== undefined && '$ref' in schema && schema.$ref.endsWith('/ErrorResponse');
}

function text(description: string): { description: string; schema: { type: 'string' } } {
  return { description, schema: { type: 'string' } };
}

function problem(description: string): Response {
  return { description };
}

/** Nest numbers the paths of one handler: `…_refresh[0]` is its first, and `…_refresh[1]` an alias. */
function uniqueId(operationId: string): string {
  return operationId.replace(/\[(\d+)\]$/, (_, index) =>
    index === '0' ? '' : `${Number(index) + 1}`,
  );
}

/** OpenAPI's `/sessions/{id}` as Nest writes it. */
function withColons(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}
