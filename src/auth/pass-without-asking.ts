import type { ExecutionContext } from '@nestjs/common';
import type { IAuthGuard } from '@nestjs/passport';
import type { CredentialSource } from './authenticated-user.js';
import type { JwtAuthentication } from './jwt-authentication.js';

/** The parts of a passport guard that this short cut goes through. */
type PassportGuard = Pick<IAuthGuard, 'getRequest' | 'handleRequest'>;

/**
 * Lets a request pass whose token the strategy `jwt` has let in before and of which nothing has changed since. It costs
 * a few look-ups in memory where Passport's way makes a promise and a strategy object for each request. It never
 * refuses: whatever it cannot say goes to Passport.
 */
export function passWithoutAsking(
  guard: PassportGuard,
  authentication: JwtAuthentication,
  context: ExecutionContext,
): boolean {
  const request = guard.getRequest(context) as CredentialSource & {
    user?: unknown;
    authInfo?: unknown;
  };
  const known = authentication.recall(request);
  if (known === null) return false;
  const info = { claims: known.claims };
  request.authInfo = info;
  request.user = guard.handleRequest(null, known.user, info, context);
  return true;
}
