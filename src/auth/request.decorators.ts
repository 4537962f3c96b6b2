import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { RequestContext } from '../common/request-context.js';

interface PlatformRequest {
  readonly ip?: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly user?: unknown;
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
