import type { ExecutionContext } from '@nestjs/common';
import type { IAuthGuard } from '@nestjs/passport';
import type { JwtAuthentication } from '../authentication/jwt-authentication.js';
import type { GuardedRequest } from '../transports/guarded-request.js';
import { keepUser } from '../transports/request-of.js';

/** The parts of a guard that this short cut goes through: those that hosts override. */
type OverridableGuard = Pick<IAuthGuard, 'getRequest' | 'handleRequest'>;

/**
 * Lets a request pass whose token the authentication has let in before and of which nothing has changed since. It costs
 * a few look-ups in memory. It never refuses: whatever it cannot say, the authentication is asked.
 */
export function passWithoutAsking(
  guard: OverridableGuard,
  authentication: JwtAuthentication,
  context: ExecutionContext,
): boolean | Promise<boolean> {
  const request = guard.getRequest(context) as GuardedRequest;
  const known = authentication.recall(request);
  if (known === null) return false;
  const info = { claims: known.claims };
  request.authInfo = info;
  const user: unknown = guard.handleRequest(null, known.user, info, context);
  // An override may take its time, as Passport's guards allow.
  if (user instanceof Promise) return letIn(context, request, user);
  keepUser(context, request, user);
  return true;
}

async function letIn(
  context: ExecutionContext,
  request: GuardedRequest,
  user: Promise<unknown>,
): Promise<true> {
  keepUser(context, request, await user);
  return true;
}

/** Lets everybody pass, as nobody: what an earlier call of the same WebSocket client left is not this one's. */
export function passAsNobody(
  guard: Pick<IAuthGuard, 'getRequest'>,
  context: ExecutionContext,
): true {
  const request = guard.getRequest(context) as GuardedRequest;
  request.authInfo = undefined;
  keepUser(context, request, undefined);
  return true;
}
