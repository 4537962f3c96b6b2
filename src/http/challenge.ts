import type { ExecutionContext } from '@nestjs/common';
import { databaseFault } from '../common/database-fault.js';
import { AuthError, UnavailableError } from '../common/errors.js';
import type { AuthSettings } from '../config/auth-settings.js';
import { requestOf } from '../transports/request-of.js';

/** The challenge of token authentication: the first keyword of `AUTH_HEADER_TYPES` names it everywhere (contract §11). */
export function tokenChallenge({ authHeaderTypes }: Pick<AuthSettings, 'authHeaderTypes'>): string {
  return `${authHeaderTypes[0]} realm="api"`;
}

/**
 * Makes a guard's refusal complete, for hosts that render errors themselves. A 401 names the challenge (RFC 9110
 * §11.6.1), and the answer to an HTTP request gets the headers; where the first authentication class has no challenge, the 401 becomes a
 * 403 with the same body (contract §11). An unreachable database is a 503, as with our filter.
 */
export function withChallenge(
  error: unknown,
  challenge: string | null,
  context: ExecutionContext,
): unknown {
  requestOf(context).user = undefined;
  const refusal = completed(error, challenge);
  if (refusal instanceof AuthError && context.getType() === 'http') {
    const response = context.getArgByIndex<HeaderSetter | undefined>(1);
    for (const [name, value] of Object.entries(refusal.headers)) response?.header?.(name, value);
  }
  return refusal;
}

function completed(error: unknown, challenge: string | null): unknown {
  if (!(error instanceof AuthError)) return withoutDatabase(error);
  if (error.getStatus() !== 401) return error;
  if (challenge === null) {
    const body = error.getResponse() as Record<string, unknown>;
    return new AuthError(error.code, { body, status: 403, reason: error.reason });
  }
  error.headers['www-authenticate'] = challenge;
  return error;
}

/** What responses of Express and Fastify have in common. */
interface HeaderSetter {
  readonly header?: (name: string, value: string) => unknown;
}

function withoutDatabase(error: unknown): unknown {
  const fault = databaseFault(error);
  return fault === null ? error : new UnavailableError(fault, { cause: error });
}
