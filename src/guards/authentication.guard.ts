import { Injectable, Optional, type ExecutionContext } from '@nestjs/common';
import type { Authenticated, Authentication } from '../authentication/authentication.js';
import { AuthenticationChain } from '../authentication/authentication-chain.js';
import { ChainGuard } from './chain.guard.js';
import type { GuardedRequest } from '../transports/guarded-request.js';
import { required } from '../config/module-checks.js';
import type { RouteRules } from './route-rules.js';

/** The user that a chain has recognised in a request. */
interface Recognised {
  /** The list itself: each application has its own. */
  readonly classes: readonly Authentication[];
  readonly found: Authenticated;
}

/**
 * Where a guard is global and the handler's own as well, a password would be checked twice. The recognised user is
 * remembered, and not that a guard let the request pass: each guard decides for itself in `handleRequest`.
 */
const recognised = new WeakMap<GuardedRequest, Recognised>();

/**
 * Opens a handler for those whom the chain of `AUTHENTICATION_CLASSES` knows, or that of `@UseAuthentication()`; the
 * first class names the challenge (contract §11). As a global guard it leaves out what is `@Public()`.
 *
 * @publicApi
 */
@Injectable()
export class AuthenticationGuard extends ChainGuard {
  private readonly chain: AuthenticationChain;

  constructor(@Optional() chain?: AuthenticationChain) {
    super();
    this.chain = required(chain, new.target.name);
  }

  protected override chainOf({ classes }: RouteRules): readonly Authentication[] {
    return classes === null ? this.chain.standard : this.chain.choose(classes);
  }

  protected override async find(
    classes: readonly Authentication[],
    request: GuardedRequest,
    context: ExecutionContext,
  ): Promise<Authenticated | null> {
    // A client's handshake outlives its messages, and the user of the handshake may be gone by the next one.
    if (context.getType() !== 'http') return super.find(classes, request, context);
    const before = recognised.get(request);
    if (before?.classes === classes) return before.found;
    const found = await super.find(classes, request, context);
    if (found) recognised.set(request, { classes, found });
    return found;
  }
}
