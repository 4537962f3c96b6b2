import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { RequestContext } from '../common/request-context.js';
import type { Claims } from '../tokens/domain/compact.js';

interface PlatformRequest {
  readonly ip?: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly user?: unknown;
  /** What passport keeps beside the user. */
  readonly authInfo?: unknown;
}

function requestOf(context: ExecutionContext): PlatformRequest {
  return context.switchToHttp().getRequest<PlatformRequest>();
}

/**
 * The user that a guard found: `@CurrentUser() user: AuthenticatedUser`. Undefined on a route without a guard.
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

/** Where the request comes from: `@FromClient() context: RequestContext`. */
export const FromClient = createParamDecorator(
  (_: unknown, context: ExecutionContext): RequestContext => {
    const request = requestOf(context);
    const userAgent = request.headers['user-agent'];
    return {
      ip: request.ip ?? null,
      userAgent: typeof userAgent === 'string' ? userAgent : null,
    };
  },
);
