import type { ExecutionContext } from '@nestjs/common';
import { AuthError } from '../common/errors.js';
import type { AuthSettings } from '../config/auth-settings.js';

/** The challenge of token authentication: the first keyword of `AUTH_HEADER_TYPES` names it everywhere (contract §11). */
export function tokenChallenge({ authHeaderTypes }: Pick<AuthSettings, 'authHeaderTypes'>): string {
  return `${authHeaderTypes[0]} realm="api"`;
}

/**
 * Makes a guard's refusal complete: a 401 names the challenge (RFC 9110 §11.6.1); where the first authentication class
 * has none, it becomes a 403 with the same body (contract §11). The header is set on the response as well, for hosts
 * that render errors themselves.
 */
export function withChallenge(
  error: unknown,
  challenge: string | null,
  context: ExecutionContext,
): unknown {
  if (!(error instanceof AuthError) || error.getStatus() !== 401) return error;
  if (challenge === null) {
    const body = error.getResponse() as Record<string, unknown>;
    return new AuthError(error.code, { body, status: 403, reason: error.reason });
  }
  error.headers['www-authenticate'] = challenge;
  const response = context.switchToHttp().getResponse<{
    header?: (name: string, value: string) => unknown;
  }>();
  response.header?.('WWW-Authenticate', challenge);
  return error;
}
