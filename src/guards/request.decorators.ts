import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Claims } from '../tokens/domain/compact.js';
import { requestOf } from '../transports/request-of.js';
import { RequestContextPipe } from '../http/request-context.pipe.js';

/**
 * The user that a guard found: `@CurrentUser() user: AuthenticatedUser`. Undefined on a handler without a
 * guard. It works wherever the guards do: HTTP, GraphQL, WebSockets, messages.
 *
 * @publicApi
 */
export const CurrentUser = createParamDecorator(
  (_: unknown, context: ExecutionContext): unknown => requestOf(context).user,
);

/**
 * The claims of the token that opened the route: `@CurrentToken() token: Claims | undefined`. Undefined where another
 * authentication class did.
 *
 * @publicApi
 */
export const CurrentToken = createParamDecorator(
  (_: unknown, context: ExecutionContext): Claims | undefined => {
    const { authInfo } = requestOf(context);
    return (authInfo as { claims?: Claims } | undefined)?.claims;
  },
);

const PlatformRequestOf = createParamDecorator((_: unknown, context: ExecutionContext) =>
  requestOf(context),
);

/**
 * Where the request comes from: `@FromClient() context: RequestContext`.
 *
 * @publicApi
 */
export function FromClient(): ParameterDecorator {
  // A decorator cannot be injected into, so the pipe is what knows the settings.
  return PlatformRequestOf(RequestContextPipe);
}
